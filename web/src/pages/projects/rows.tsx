import type { TableProps } from "@cloudscape-design/components/table";
import type { Project, Version } from "../../api/types";
import { paths } from "../../app/paths";
import { Breakable } from "../../components/Breakable";
import { useFormats } from "../../components/format";
import { Link } from "../../components/Link";
import { messageOfVersion, State } from "../../components/states";
import { useTexts } from "../../texts";

/** A project, or a version below its project. */
export interface Row {
  id: string;
  parent: string | null;
  projectArn: string;
  projectName: string;
  name: string;
  versions: number | null;
  created: number;
  performance: number | null;
  status: string;
  message: string;
  version: Version | null;
}

export function rowsOf(projects: readonly Project[]): Row[] {
  return projects.flatMap((project) => [projectRow(project), ...project.versions.map((version) => versionRow(project, version))]);
}

function projectRow(project: Project): Row {
  return {
    id: project.arn,
    parent: null,
    projectArn: project.arn,
    projectName: project.name,
    name: project.name,
    versions: project.versions.length,
    created: project.created,
    performance: null,
    // A project's state is of interest only while it goes away.
    status: project.status === "DELETING" ? project.status : "",
    message: "",
    version: null,
  };
}

function versionRow(project: Project, version: Version): Row {
  return {
    id: version.arn,
    parent: project.arn,
    projectArn: project.arn,
    projectName: project.name,
    name: version.name,
    versions: null,
    created: version.created,
    performance: version.f1_score,
    status: version.status,
    message: version.status_message,
    version,
  };
}

export function useColumns(): TableProps.ColumnDefinition<Row>[] {
  const texts = useTexts();
  const { columns } = texts.projects;
  const { moment, score } = useFormats();
  return [
    {
      id: "name",
      header: columns.name,
      sortingField: "name",
      isRowHeader: true,
      minWidth: 180,
      width: 185,
      cell: (row) => (
        <Link to={row.version ? paths.model(row.projectName, row.name) : paths.project(row.name)}>
          <Breakable text={row.name} />
        </Link>
      ),
    },
    { id: "versions", header: columns.versions, sortingField: "versions", width: 125, cell: (row) => row.versions ?? "" },
    { id: "created", header: columns.created, sortingField: "created", width: 140, cell: (row) => moment(row.created) },
    {
      id: "performance",
      header: columns.performance,
      sortingField: "performance",
      width: 160,
      cell: (row) => (row.version ? score(row.performance) : ""),
    },
    {
      id: "status",
      header: columns.status,
      sortingField: "status",
      width: 145,
      cell: (row) => (row.status ? <State status={row.status} isWarned={row.version?.runs_long ?? false} /> : ""),
    },
    {
      id: "message",
      header: columns.message,
      width: 150,
      minWidth: 150,
      cell: (row) => (row.version ? messageOfVersion(row.version, texts) : ""),
    },
  ];
}
