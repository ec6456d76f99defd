/** Addresses of the pages. Names may be "." or "..", which a browser would take as folders. */
export const segment = (name: string) => (/^\.+$/.test(name) ? `~${name}` : encodeURIComponent(name));
/** The name that a segment of an address stands for. */
export const nameOf = (text: string) => text.replace(/^~(?=\.)/, "");

const project = (name: string) => `/projects/${segment(name)}`;
const model = (name: string, version: string) => `${project(name)}/models/${segment(version)}`;

export const paths = {
  getStarted: "/get-started",
  tutorials: "/tutorials",
  tutorial: (id: string) => `/tutorials/${id}`,
  examples: "/examples",
  projects: "/projects",
  createProject: "/create-project",
  project,
  policies: (name: string) => `${project(name)}/policies`,
  createDataset: (name: string, type?: "TRAIN" | "TEST") => `${project(name)}/create-dataset${type ? `?type=${type}` : ""}`,
  dataset: (name: string, type: "TRAIN" | "TEST" = "TRAIN") => `${project(name)}/dataset?type=${type}`,
  train: (name?: string) => (name === undefined ? "/train" : `/train?project=${encodeURIComponent(name)}`),
  model,
  testResults: (name: string, version: string) => `${model(name, version)}/performance`,
  tags: (name: string, version: string) => `${model(name, version)}/tags`,
  priorDatasets: "/datasets",
  runningHours: "/running-hours",
  decisions: "/decisions",
};
