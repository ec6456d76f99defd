import { skipToken, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Api, useApi } from "../api/client";
import type { Clock, ConsoleEvents, Project, Task, Training } from "../api/types";
import { signedFetch } from "../aws/sign";
import { readEvents, type ServerEvent } from "./eventStream";
import { type Identity, scopeOf, useIdentity } from "./identity";
import { createStore, useStore } from "./store";

/**
 * What the emulator tells as it happens. One stream fills the cache of projects, trainings, tasks and the clock; whatever
 * hangs on a dataset or a version is asked for again when that dataset or version changed.
 */

export type Connection = "connecting" | "live" | "lost";
const connectionStore = createStore<Connection>("connecting");
export const useConnection = () => useStore(connectionStore);

/** Keys of what is cached; the identity's scope comes first. What hangs on a resource begins with that resource's key. */
export const keys = {
  projects: (scope: string) => [scope, "projects"] as const,
  trainings: (scope: string) => [scope, "trainings"] as const,
  tasks: (scope: string) => [scope, "tasks"] as const,
  clock: (scope: string) => [scope, "clock"] as const,
  bucket: (scope: string) => [scope, "bucket"] as const,
  dataset: (scope: string, arn: string, ...rest: readonly unknown[]) => [scope, "dataset", arn, ...rest] as const,
  version: (scope: string, arn: string, ...rest: readonly unknown[]) => [scope, "version", arn, ...rest] as const,
  project: (scope: string, arn: string, ...rest: readonly unknown[]) => [scope, "project", arn, ...rest] as const,
};

/** The key's first part for the identity of the header. */
export const useScope = () => scopeOf(useIdentity());

const RETRY_MS = 1_000;
/** The emulator pings every 15 s; a stream that is silent for longer is dead, whatever the network says. */
const SILENCE_MS = 40_000;

/** Follow the emulator's events for the identity of the header; mounted once, by the shell. */
export function useLiveEvents(): void {
  const identity = useIdentity();
  const client = useQueryClient();
  useEffect(() => {
    const stop = new AbortController();
    void follow(identity, client, stop.signal);
    return () => stop.abort();
  }, [identity, client]);
}

async function follow(identity: Identity, client: QueryClient, stop: AbortSignal): Promise<void> {
  connectionStore.set("connecting");
  while (!stop.aborted) {
    try {
      await followOnce(identity, client, stop);
    } catch {
      // No answer, or the stream broke: the emulator restarts or is gone.
    }
    if (isAborted(stop)) return;
    connectionStore.set("lost");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

// A function, since a signal may abort while something is awaited, which the compiler does not see.
const isAborted = (signal: AbortSignal) => signal.aborted;

async function followOnce(identity: Identity, client: QueryClient, stop: AbortSignal): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const signal = AbortSignal.any([stop, silence.signal]);
    const response = await signedFetch(identity, "GET", "/console/api/events", { signal });
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
    for await (const event of readEvents(response.body)) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      if (isAborted(stop)) return;
      apply(event, scopeOf(identity), client);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What is done with the data of each event; one of another name (a newer emulator's) is passed over. */
const APPLY: { [Name in keyof ConsoleEvents]: (data: ConsoleEvents[Name], scope: string, client: QueryClient) => void } = {
  snapshot: applySnapshot,
  projects: applyProjects,
  trainings: ({ trainings }, scope, client) => void client.setQueryData(keys.trainings(scope), trainings),
  tasks: ({ changed, removed }, scope, client) =>
    void client.setQueryData<Task[]>(keys.tasks(scope), (old) => mergeTasks(old ?? [], changed, removed)),
  clock: (clock, scope, client) => void client.setQueryData(keys.clock(scope), clock),
  ping: () => undefined,
};

function apply(event: ServerEvent, scope: string, client: QueryClient): void {
  if (!(event.name in APPLY)) return;
  const tell = APPLY[event.name as keyof ConsoleEvents] as (data: unknown, scope: string, client: QueryClient) => void;
  tell(JSON.parse(event.data), scope, client);
}

/** After a (re)start, a reset or a loaded archive: everything may be different. */
function applySnapshot(snapshot: ConsoleEvents["snapshot"], scope: string, client: QueryClient): void {
  client.setQueryData(keys.projects(scope), snapshot.projects);
  client.setQueryData(keys.trainings(scope), snapshot.trainings);
  client.setQueryData(keys.tasks(scope), snapshot.tasks);
  client.setQueryData(keys.clock(scope), snapshot.clock);
  connectionStore.set("live");
  void client.invalidateQueries({
    predicate: ({ queryKey }) => queryKey[0] === scope && !["projects", "trainings", "tasks", "clock"].includes(String(queryKey[1])),
  });
}

function applyProjects(
  { changed, removed }: ConsoleEvents["projects"],
  scope: string,
  client: QueryClient,
): void {
  const old = client.getQueryData<Project[]>(keys.projects(scope)) ?? [];
  client.setQueryData(keys.projects(scope), mergeProjects(old, changed, removed));
  for (const project of changed) {
    void client.invalidateQueries({ queryKey: keys.project(scope, project.arn) });
    const before = old.find((one) => one.arn === project.arn);
    for (const dataset of project.datasets) {
      const known = before?.datasets.find((one) => one.arn === dataset.arn);
      if (JSON.stringify(known) !== JSON.stringify(dataset)) {
        void client.invalidateQueries({ queryKey: keys.dataset(scope, dataset.arn) });
      }
    }
    for (const version of project.versions) {
      const known = before?.versions.find((one) => one.arn === version.arn);
      if (known?.status !== version.status) void client.invalidateQueries({ queryKey: keys.version(scope, version.arn) });
    }
  }
}

/** Newest first, as the emulator lists them. */
export function mergeProjects(old: readonly Project[], changed: readonly Project[], removed: readonly string[]): Project[] {
  const gone = new Set([...removed, ...changed.map((one) => one.arn)]);
  return [...changed, ...old.filter((one) => !gone.has(one.arn))].sort((a, b) => b.created - a.created);
}

export function mergeTasks(old: readonly Task[], changed: readonly Task[], removed: readonly number[]): Task[] {
  const gone = new Set([...removed, ...changed.map((one) => one.id)]);
  return [...changed, ...old.filter((one) => !gone.has(one.id))].sort((a, b) => b.started - a.started);
}

function useLiveQuery<T>(key: readonly unknown[], ask: (api: Api, signal: AbortSignal) => Promise<T>) {
  const api = useApi();
  return useQuery({ queryKey: key, queryFn: ({ signal }) => ask(api, signal), staleTime: Infinity });
}

/** All projects with datasets and versions, as they are now. */
export function useProjects() {
  return useLiveQuery(keys.projects(useScope()), (api, signal) =>
    api.get("/projects", {}, signal).then((answer) => answer.projects),
  );
}

/** One project by name; `data` is null where there is none of this name. */
export function useProject(name: string) {
  const projects = useProjects();
  return { ...projects, data: projects.data && (projects.data.find((one) => one.name === name) ?? null) };
}

/** Jobs of the console itself: examples, imports, deletions. */
export function useTasks() {
  return useLiveQuery(keys.tasks(useScope()), (api, signal) =>
    api.get("/tasks", {}, signal).then((answer) => answer.tasks),
  );
}

/** Trainings that wait or run. The stream tells them; until its first word there are none. */
export function useTrainings(): Training[] {
  const { data } = useQuery<Training[]>({ queryKey: keys.trainings(useScope()), queryFn: skipToken, staleTime: Infinity });
  return data ?? [];
}

/** The emulator's clock, or undefined before the first word of the stream. */
export function useClock(): Clock | undefined {
  const { data } = useQuery<Clock>({ queryKey: keys.clock(useScope()), queryFn: skipToken, staleTime: Infinity });
  return data;
}

/** The account's console bucket in this Region (S-4). */
export function useBucket() {
  return useLiveQuery(keys.bucket(useScope()), (api, signal) => api.get("/bucket", {}, signal));
}
