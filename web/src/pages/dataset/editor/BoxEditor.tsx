import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useCallback, useEffect, useState } from "react";
import type { CatalogueRule, Project, ProjectDataset } from "../../../api/types";
import { paths } from "../../../app/paths";
import { ErrorAlert } from "../../../components/ErrorAlert";
import { Loading } from "../../../components/Loading";
import { Page } from "../../../components/Page";
import { useTexts } from "../../../texts";
import type { DraftStore } from "../io/draftStore";
import { usePrefetchPreview } from "../io/queries";
import { fileName } from "../model/lines";
import { ImageEditor } from "./ImageEditor";
import { useEditorImage } from "./useImage";

interface Props {
  readonly project: Project;
  readonly dataset: ProjectDataset;
  /** Addresses of the chosen images, in order. */
  readonly images: readonly string[];
  readonly labels: readonly string[];
  readonly draft: DraftStore;
  readonly catalogue: ReadonlyMap<string, CatalogueRule>;
  readonly onDone: () => void;
}

/** "Draw bounding boxes" (C-12): the chosen images one after the other. */
export function BoxEditor({ project, dataset, images, labels, draft, catalogue, onDone }: Props) {
  const { editor, dataset: words, navigation, common } = useTexts();
  const [index, setIndex] = useState(0);
  const [label, setLabel] = useState<string | null>(labels[0] ?? null);
  const sourceRef = images[index] ?? "";
  const shown = useEditorImage(dataset.arn, sourceRef);
  const following = useEditorImage(dataset.arn, images[index + 1]);
  const isLast = index >= images.length - 1;
  usePrefetched(following.image?.entry);

  const go = useCallback(
    (step: 1 | -1) => {
      draft.settle();
      setIndex((old) => Math.max(0, Math.min(images.length - 1, old + step)));
    },
    [draft, images.length],
  );
  return (
    <Page
      title={fileName(sourceRef)}
      windowTitle={editor.title}
      description={editor.place(index + 1, images.length)}
      crumbs={[
        { text: navigation.projects, href: paths.projects },
        { text: project.name, href: paths.project(project.name) },
        { text: words.title, href: paths.dataset(project.name, dataset.type) },
        { text: editor.title, href: paths.dataset(project.name, dataset.type) },
      ]}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button disabled={index === 0} onClick={() => go(-1)}>
            {common.previous}
          </Button>
          {!isLast && <Button onClick={onDone}>{editor.done}</Button>}
          {isLast ? (
            <Button variant="primary" onClick={onDone}>
              {editor.done}
            </Button>
          ) : (
            <Button variant="primary" onClick={() => go(1)}>
              {common.next}
            </Button>
          )}
        </SpaceBetween>
      }
    >
      <div className="box-editor" data-testid="box-editor">
        {shown.error !== null && <ErrorAlert error={shown.error} onRetry={() => void shown.refetch()} />}
        {shown.image === null && <Alert type="warning">{editor.gone}</Alert>}
        {shown.isPending && <Loading text={common.loading} />}
        {shown.image && (
          <ImageEditor
            key={sourceRef}
            image={shown.image}
            following={following.image ?? null}
            labels={labels}
            label={label}
            onLabel={setLabel}
            draft={draft}
            catalogue={catalogue}
            onNext={isLast ? onDone : () => go(1)}
            onPrevious={() => go(-1)}
          />
        )}
      </div>
    </Page>
  );
}

/** The next image is on its way while this one is worked on. */
function usePrefetched(entry: { bucket: string; key: string } | undefined): void {
  const prefetch = usePrefetchPreview();
  const { bucket, key } = entry ?? {};
  useEffect(() => {
    if (bucket !== undefined && key !== undefined) void prefetch({ bucket, key }, 4096);
  }, [prefetch, bucket, key]);
}
