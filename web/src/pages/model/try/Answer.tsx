import type { CustomLabel } from "@aws-sdk/client-rekognition";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Table from "@cloudscape-design/components/table";
import { useEffect, useState } from "react";
import { BoxOverlay, type ShownBox } from "../../../components/BoxOverlay";
import { useFormats } from "../../../components/format";
import { Picture } from "../../../components/Picture";
import { useTexts } from "../../../texts";
import type { Analysis, Source } from "./source";

/** The image with boxes over it, beside the labels with their confidence. */
export function Answer({ analysis: { source, labels, milliseconds } }: { analysis: Analysis }) {
  const { tryImage } = useTexts();
  const { number, percent } = useFormats();
  const boxes = labels.flatMap((label, index) => boxOf(label, index, percent));
  return (
    <ColumnLayout columns={2}>
      <div className="try-picture">
        <BoxOverlay boxes={boxes}>
          <Shown source={source} />
        </BoxOverlay>
        <Box variant="small">
          <bdi>{source.name}</bdi>, {tryImage.took(number(milliseconds))}
        </Box>
      </div>
      {labels.length === 0 ? (
        <Alert type="info">{tryImage.none}</Alert>
      ) : (
        <Table<CustomLabel>
          variant="embedded"
          items={labels}
          ariaLabels={{ tableLabel: tryImage.results }}
          header={<Box variant="h3">{tryImage.results}</Box>}
          columnDefinitions={[
            {
              id: "label",
              header: tryImage.label,
              isRowHeader: true,
              cell: (label) => <bdi className="long-text">{label.Name}</bdi>,
            },
            {
              id: "confidence",
              header: tryImage.confidenceColumn,
              cell: (label) => percent((label.Confidence ?? 0) / 100),
            },
          ]}
        />
      )}
    </ColumnLayout>
  );
}

function boxOf(label: CustomLabel, index: number, percent: (share: number) => string): ShownBox[] {
  const box = label.Geometry?.BoundingBox;
  if (!box) return [];
  const name = label.Name ?? "";
  return [
    {
      id: String(index),
      label: name,
      kind: "answer",
      text: `${name} ${percent((label.Confidence ?? 0) / 100)}`,
      left: box.Left ?? 0,
      top: box.Top ?? 0,
      width: box.Width ?? 0,
      height: box.Height ?? 0,
    },
  ];
}

function Shown({ source }: { source: Source }) {
  const { tryImage } = useTexts();
  const alt = tryImage.imageAlt(source.name);
  return source.kind === "s3" ? (
    <Picture bucket={source.bucket} objectKey={source.objectKey} width={1024} alt={alt} />
  ) : (
    <BlobImage blob={source.blob} alt={alt} />
  );
}

function BlobImage({ blob, alt }: { blob: Blob; alt: string }) {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return <img src={address} alt={alt} />;
}
