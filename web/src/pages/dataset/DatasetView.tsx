import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import type { DatasetEntry, Project, ProjectDataset } from "../../api/types";
import { paths } from "../../app/paths";
import { DeleteDatasetDialog } from "../../components/deletion/DeleteDatasetDialog";
import { InfoLink } from "../../components/InfoLink";
import { LinkButton } from "../../components/LinkButton";
import { Loading } from "../../components/Loading";
import { Page } from "../../components/Page";
import { useTexts } from "../../texts";
import { useDraft, useDraftNews, useDraftStore, useWasRestored } from "./io/draftStore";
import { useCounts, useEntries, useErrorCatalogue } from "./io/queries";
import { AddImagesDialog } from "./dialogs/AddImagesDialog";
import { ConflictDialog } from "./dialogs/ConflictDialog";
import { LeaveDialog } from "./dialogs/LeaveDialog";
import { ManageLabelsDialog } from "./dialogs/ManageLabelsDialog";
import { useFilters } from "./filterParameters";
import { FilterPane } from "./gallery/FilterPane";
import { Gallery } from "./gallery/Gallery";
import { ImageDialog } from "./gallery/ImageDialog";
import { useChoiceStore } from "./gallery/selectionStore";
import { GalleryHeader } from "./GalleryHeader";
import { LabellingBar } from "./LabellingBar";
import { StatusAlert } from "./StatusAlert";
import { useLabelling } from "./useLabelling";

const BoxEditor = lazy(() => import("./editor/BoxEditor").then(({ BoxEditor }) => ({ default: BoxEditor })));

interface Props {
  readonly project: Project;
  readonly dataset: ProjectDataset;
  readonly tabs: ReactNode;
}

type Open = "add" | "delete" | "manage" | "leave" | null;

/** One dataset: its images, and the modes in which they are labelled. */
export function DatasetView({ project, dataset, tabs }: Props) {
  const texts = useTexts();
  const { dataset: words, labelling, navigation } = texts;
  const navigate = useNavigate();
  const [parameters, setParameters] = useSearchParams();
  const [filters, setFilters] = useFilters();
  const draft = useDraftStore(dataset.arn);
  const isDirty = useDraft(draft, ({ changed }) => changed.size > 0);
  const wasRestored = useWasRestored(draft);
  useDraftNews(draft);
  const [wantsLabelling, setLabelling] = useState(parameters.get("label-images") === "1");
  const isLabelling = wantsLabelling || isDirty;
  const [open, setOpen] = useState<Open>(parameters.get("add") === "1" ? "add" : null);
  const [viewed, setViewed] = useState<DatasetEntry | null>(null);
  const [drawn, setDrawn] = useState<readonly string[] | null>(null);
  const [hasReturned, setReturned] = useState(false);
  const choice = useChoiceStore(dataset.arn, filters);
  const counts = useCounts(dataset.arn, filters.name);
  const first = useEntries(dataset.arn, filters, 0, 0);
  const catalogue = useErrorCatalogue();
  const labels = (counts.data?.labels ?? []).map(({ name }) => name);
  const work = useLabelling(dataset.arn, filters, choice, draft);
  const isTraining = dataset.type === "TRAIN";
  // Before it is created, and if that failed, there is nothing to show but the state.
  const hasContent = dataset.status === "CREATE_COMPLETE" || !dataset.status.startsWith("CREATE_");

  const close = () => {
    setOpen(null);
    if (parameters.has("add")) {
      setParameters(
        (old) => {
          old.delete("add");
          return old;
        },
        { replace: true },
      );
    }
  };
  const exit = () => {
    if (isDirty) setOpen("leave");
    else setLabelling(false);
  };

  if (drawn !== null) {
    return (
      <Suspense fallback={<Loading text={texts.common.loading} />}>
        <BoxEditor
          project={project}
          dataset={dataset}
          images={drawn}
          labels={labels}
          draft={draft}
          catalogue={catalogue}
          onDone={() => {
            setDrawn(null);
            setReturned(true);
          }}
        />
      </Suspense>
    );
  }
  const header = isLabelling ? (
    <SpaceBetween direction="horizontal" size="xs">
      <Button disabled={work.save.isPending} onClick={exit}>
        {labelling.exit}
      </Button>
      <Button variant="primary" disabled={!isDirty} loading={work.save.isPending} onClick={() => work.save.mutate({ overwrites: false })}>
        {texts.common.save}
      </Button>
    </SpaceBetween>
  ) : (
    <SpaceBetween direction="horizontal" size="xs">
      <ButtonDropdown
        onItemClick={({ detail }) => {
          if (detail.id === "add" || detail.id === "delete") setOpen(detail.id);
          else void navigate(paths.createDataset(project.name, detail.id === "TEST" ? "TEST" : "TRAIN"));
        }}
        items={[
          { id: "add", text: isTraining ? words.addToTraining : words.addToTest },
          ...(["TRAIN", "TEST"] as const)
            .filter((type) => project.datasets.every((one) => one.type !== type))
            .map((type) => ({ id: type, text: type === "TRAIN" ? words.createTraining : words.createTest })),
          { id: "delete", text: isTraining ? words.deleteTraining : words.deleteTest },
        ]}
      >
        {words.actions}
      </ButtonDropdown>
      <LinkButton to={paths.train(project.name)}>{words.train}</LinkButton>
      <Button variant="primary" disabled={!hasContent} onClick={() => setLabelling(true)}>
        {words.startLabeling}
      </Button>
    </SpaceBetween>
  );
  return (
    <Page
      title={dataset.name}
      windowTitle={dataset.name}
      info={<InfoLink title={words.help.title}>{words.help.body}</InfoLink>}
      actions={header}
      crumbs={[
        { text: navigation.projects, href: paths.projects },
        { text: project.name, href: paths.project(project.name) },
        { text: words.title, href: paths.dataset(project.name, dataset.type) },
      ]}
    >
      <SpaceBetween size="m">
        {tabs}
        <StatusAlert dataset={dataset} />
        {work.saveError !== null && !work.changedElsewhere && !work.save.isPending && (
          <Alert type="error" header={labelling.saveFailed} dismissible onDismiss={() => work.save.reset()}>
            {work.saveError.message}
          </Alert>
        )}
        {wasRestored && isDirty && <Alert type="info">{labelling.restored}</Alert>}
        {hasContent && (
          <div className="dataset-body">
            <FilterPane
              counts={counts.data}
              filters={filters}
              onChange={setFilters}
              isLabelling={isLabelling}
              onManage={() => setOpen("manage")}
            />
            <div className={isLabelling ? "dataset-images is-labelling" : "dataset-images"}>
              {isLabelling && (
                <LabellingBar
                  dataset={dataset.arn}
                  choice={choice}
                  draft={draft}
                  labels={labels}
                  work={work}
                  total={first.total ?? 0}
                  onDraw={setDrawn}
                  onManage={() => setOpen("manage")}
                />
              )}
              <GalleryHeader filters={filters} onChange={setFilters} />
              <Gallery
                dataset={dataset.arn}
                filters={filters}
                isLabelling={isLabelling}
                takesFocus={hasReturned}
                draft={draft}
                choice={choice}
                catalogue={catalogue}
                onOpen={(_, entry) => setViewed(entry)}
                onKey={(event) => {
                  const key = digitOf(event);
                  const label = key === null ? undefined : labels[key];
                  if (isLabelling && label !== undefined) {
                    work.assign.mutate({ label, mode: "toggle" });
                    return true;
                  }
                  const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
                  if (isUndo && event.shiftKey) draft.redo();
                  else if (isUndo) draft.undo();
                  else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "y") draft.redo();
                  else return false;
                  return true;
                }}
              />
            </div>
          </div>
        )}
      </SpaceBetween>
      {viewed && (
        <ImageDialog
          entry={viewed}
          draft={draft}
          catalogue={catalogue}
          onDismiss={() => setViewed(null)}
          onDraw={
            isLabelling
              ? () => {
                  setViewed(null);
                  setDrawn([viewed.source_ref]);
                }
              : null
          }
        />
      )}
      {open === "add" && <AddImagesDialog dataset={dataset} onDismiss={close} />}
      {open === "delete" && <DeleteDatasetDialog project={project} dataset={dataset} onClose={close} />}
      {open === "manage" && counts.data && (
        <ManageLabelsDialog
          dataset={dataset.arn}
          labels={counts.data.labels}
          hasUnsavedWork={isDirty}
          onDismiss={close}
        />
      )}
      {open === "leave" && (
        <LeaveDialog
          count={draft.get().changed.size}
          onDismiss={close}
          onDiscard={() => {
            draft.discard();
            setLabelling(false);
            close();
          }}
        />
      )}
      {work.changedElsewhere && (
        <ConflictDialog
          sourceRefs={work.changedElsewhere}
          onOverwrite={() => work.save.mutate({ overwrites: true })}
          onKeepTheirs={(sourceRefs) => {
            draft.forget(sourceRefs);
            if (draft.get().changed.size > 0) work.save.mutate({ overwrites: false });
            else work.save.reset();
          }}
          onDismiss={() => work.save.reset()}
        />
      )}
    </Page>
  );
}

/** 1 to 9 and 0 choose the first ten labels. */
function digitOf(event: { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean }): number | null {
  if (event.ctrlKey || event.metaKey || event.altKey || !/^[0-9]$/.test(event.key)) return null;
  return (Number(event.key) + 9) % 10;
}
