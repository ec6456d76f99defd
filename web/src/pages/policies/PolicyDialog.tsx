import { type ProjectPolicy, PutProjectPolicyCommand } from "@aws-sdk/client-rekognition";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Textarea from "@cloudscape-design/components/textarea";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Project } from "../../api/types";
import { notify } from "../../app/shellState";
import { useRekognition } from "../../aws/clients";
import { FormDialog } from "../../components/FormDialog";
import { useIdentity } from "../../state/identity";
import { useTexts } from "../../texts";

/** What a new policy begins as: the account may copy every model of the project (CP-6, CP-7). */
function template(project: Project, account: string): string {
  const document = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: "rekognition:CopyProjectVersion",
        Resource: `${project.arn.split("/").slice(0, 2).join("/")}/version/*`,
      },
    ],
  };
  return JSON.stringify(document, null, 2);
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function indented(text: string): string {
  return isJson(text) ? JSON.stringify(JSON.parse(text), null, 2) : text;
}

/** Attach a policy, or change one: then its revision is given, so that nobody else's change is lost (CP-9). */
export function PolicyDialog({ project, policy, onClose }: { project: Project; policy?: ProjectPolicy; onClose: () => void }) {
  const { policies: words } = useTexts();
  const { account } = useIdentity();
  const rekognition = useRekognition();
  const [name, setName] = useState(policy?.PolicyName ?? "");
  const [document, setDocument] = useState(() => (policy ? indented(policy.PolicyDocument ?? "") : template(project, account)));
  const put = useMutation({
    mutationFn: () =>
      rekognition.send(
        new PutProjectPolicyCommand({
          ProjectArn: project.arn,
          PolicyName: name,
          PolicyDocument: document,
          ...(policy ? { PolicyRevisionId: policy.PolicyRevisionId } : {}),
        }),
      ),
    onSuccess: () => {
      notify({ type: "success", content: words.saved });
      onClose();
    },
  });
  return (
    <FormDialog
      title={policy ? words.edit : words.add}
      button={words.save}
      isReady={/^[\w-]{1,128}$/.test(name) && isJson(document)}
      isPending={put.isPending}
      error={put.error}
      onSubmit={() => put.mutate()}
      onClose={onClose}
    >
      <FormField label={words.name} constraintText={words.nameHelp}>
        <Input value={name} disabled={policy !== undefined} onChange={({ detail }) => setName(detail.value)} />
      </FormField>
      <FormField label={words.document} constraintText={words.documentHelp} errorText={isJson(document) ? "" : words.documentError}>
        <Textarea value={document} rows={16} spellcheck={false} onChange={({ detail }) => setDocument(detail.value)} />
      </FormField>
    </FormDialog>
  );
}
