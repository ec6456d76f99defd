import { DeleteProjectPolicyCommand, ListProjectPoliciesCommand, type ProjectPolicy, type RekognitionClient } from "@aws-sdk/client-rekognition";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Project } from "../../api/types";
import { useRekognition } from "../../aws/clients";
import { DeleteDialog } from "../../components/deletion/DeleteDialog";
import { ErrorAlert } from "../../components/ErrorAlert";
import { useFormats } from "../../components/format";
import { TableEmpty } from "../../components/TableFaces";
import { keys, useScope } from "../../state/live";
import { useTexts } from "../../texts";
import { PolicyDialog } from "./PolicyDialog";

type Dialog = "add" | "edit" | "delete";

/** The policies of a project: list, add, change, delete. */
export function Policies({ project }: { project: Project }) {
  const { policies: words, common } = useTexts();
  const { moment } = useFormats();
  const query = usePolicies(project);
  const client = useQueryClient();
  const key = usePoliciesKey(project);
  const [chosen, setChosen] = useState<string | null>(null);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const policy = query.data?.find((one) => one.PolicyName === chosen);
  const close = () => {
    setDialog(null);
    void client.invalidateQueries({ queryKey: key });
  };
  const seconds = (date: Date | undefined) => (date ? moment(date.getTime() / 1000) : common.none);
  if (query.error) return <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      <Table<ProjectPolicy>
        items={query.data ?? []}
        loading={query.isPending}
        loadingText={common.loading}
        trackBy="PolicyName"
        selectionType="single"
        selectedItems={policy ? [policy] : []}
        onSelectionChange={({ detail }) => setChosen(detail.selectedItems[0]?.PolicyName ?? null)}
        ariaLabels={{
          tableLabel: words.list,
          selectionGroupLabel: words.list,
          itemSelectionLabel: (_data, one) => words.select(one.PolicyName ?? ""),
        }}
        empty={<TableEmpty title={words.none} body={words.noneBody} />}
        header={
          <Header
            variant="h2"
            counter={`(${query.data?.length ?? 0})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!policy} onClick={() => setDialog("delete")}>
                  {words.delete}
                </Button>
                <Button disabled={!policy} onClick={() => setDialog("edit")}>
                  {words.edit}
                </Button>
                <Button onClick={() => setDialog("add")}>{words.add}</Button>
              </SpaceBetween>
            }
          >
            {words.list}
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: words.columns.name, isRowHeader: true, cell: (one) => one.PolicyName },
          { id: "revision", header: words.columns.revision, cell: (one) => one.PolicyRevisionId },
          { id: "created", header: words.columns.created, cell: (one) => seconds(one.CreationTimestamp) },
          { id: "updated", header: words.columns.updated, cell: (one) => seconds(one.LastUpdatedTimestamp) },
        ]}
      />
      {dialog === "add" && <PolicyDialog project={project} onClose={close} />}
      {dialog === "edit" && policy && <PolicyDialog project={project} policy={policy} onClose={close} />}
      {dialog === "delete" && policy && <DeletePolicyDialog project={project} policy={policy} onClose={close} />}
    </>
  );
}

const usePoliciesKey = (project: Project) => keys.project(useScope(), project.arn, "policies");

function usePolicies(project: Project) {
  const rekognition = useRekognition();
  return useQuery({ queryKey: usePoliciesKey(project), queryFn: () => listPolicies(rekognition, project.arn) });
}

async function listPolicies(client: RekognitionClient, arn: string): Promise<ProjectPolicy[]> {
  const found: ProjectPolicy[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await client.send(new ListProjectPoliciesCommand({ ProjectArn: arn, NextToken }));
    found.push(...(answer.ProjectPolicies ?? []));
    NextToken = answer.NextToken;
  } while (NextToken);
  return found;
}

function DeletePolicyDialog({ project, policy, onClose }: { project: Project; policy: ProjectPolicy; onClose: () => void }) {
  const { policies: words } = useTexts();
  const rekognition = useRekognition();
  const command = new DeleteProjectPolicyCommand({
    ProjectArn: project.arn,
    PolicyName: policy.PolicyName,
    PolicyRevisionId: policy.PolicyRevisionId,
  });
  return (
    <DeleteDialog title={words.deleteTitle} button={words.delete} remove={() => rekognition.send(command)} onClose={onClose}>
      <Box variant="p">{words.deleteBody(policy.PolicyName ?? "")}</Box>
    </DeleteDialog>
  );
}
