import { DetectCustomLabelsCommand } from "@aws-sdk/client-rekognition";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Version } from "../../../api/types";
import { useRekognition } from "../../../aws/clients";
import { ErrorAlert } from "../../../components/ErrorAlert";
import { Loading } from "../../../components/Loading";
import { type Texts, useTexts } from "../../../texts";
import { Answer } from "./Answer";
import { Intake } from "./Intake";
import { type Analysis, imageOf, isPicture, MAXIMUM_BYTES, type Source } from "./source";

/** Try an image by drop, paste, file, S3 or camera; the answer is shown over it. */
export function TryImage({ version }: { version: Version }) {
  const { tryImage } = useTexts();
  const rekognition = useRekognition();
  const [confidence, setConfidence] = useState("");
  const [refusal, setRefusal] = useState("");
  const isNumber = confidence === "" || (Number(confidence) >= 0 && Number(confidence) <= 100);

  const analyze = useMutation({
    mutationFn: async (source: Source): Promise<Analysis> => {
      const command = new DetectCustomLabelsCommand({
        ProjectVersionArn: version.arn,
        Image: await imageOf(source),
        ...(confidence === "" ? {} : { MinConfidence: Number(confidence) }),
      });
      const began = performance.now();
      const { CustomLabels = [] } = await rekognition.send(command);
      return { source, labels: CustomLabels, milliseconds: performance.now() - began };
    },
  });
  const take = async (source: Source) => {
    analyze.reset();
    const reason = source.kind === "bytes" ? await reasonAgainst(source.blob, tryImage) : "";
    setRefusal(reason);
    if (reason === "") analyze.mutate(source);
  };

  const isRunning = version.status === "RUNNING";
  return (
    <Container header={<Header variant="h2">{tryImage.title}</Header>}>
      {isRunning ? (
        <SpaceBetween size="m">
          <Box variant="p">{tryImage.body}</Box>
          <FormField
            label={tryImage.confidence}
            constraintText={tryImage.confidenceHelp}
            errorText={isNumber ? "" : tryImage.confidenceError}
          >
            <Input value={confidence} inputMode="decimal" onChange={({ detail }) => setConfidence(detail.value.trim())} />
          </FormField>
          <Intake isDisabled={!isNumber} onTake={(source) => void take(source)} />
          {refusal && <Alert type="error">{refusal}</Alert>}
          {analyze.isPending && <Loading text={tryImage.analyzing} />}
          {analyze.error && <ErrorAlert error={analyze.error} />}
          {analyze.data && <Answer analysis={analyze.data} />}
        </SpaceBetween>
      ) : (
        <Box color="text-status-inactive">{tryImage.notRunning}</Box>
      )}
    </Container>
  );
}

/** Why bytes cannot be sent, or nothing. */
async function reasonAgainst(blob: Blob, words: Texts["tryImage"]): Promise<string> {
  if (blob.size > MAXIMUM_BYTES) return words.tooLarge;
  return (await isPicture(blob)) ? "" : words.notImage;
}
