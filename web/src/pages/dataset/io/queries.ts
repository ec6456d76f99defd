import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { type Api, useApi } from "../../../api/client";
import type { CatalogueRule, DatasetEntry } from "../../../api/types";
import { presigned } from "../../../aws/sign";
import { type Identity, scopeOf, useIdentity } from "../../../state/identity";
import { keys, useScope } from "../../../state/live";
import type { Filters } from "./filters";

/** Entries a call of the gallery brings. */
export const PAGE_ENTRIES = 100;

function filterQuery(dataset: string, filters: Filters) {
  const { state, labels, name, sort } = filters;
  return { dataset, state, label: labels, name: name || null, sort };
}

export const entriesPage = (
  api: Api,
  dataset: string,
  filters: Filters,
  offset: number,
  limit: number,
  signal?: AbortSignal,
) => api.get("/dataset/entries", { ...filterQuery(dataset, filters), offset, limit }, signal);

export interface Entries {
  /** How many images pass the filters; undefined before the first answer. */
  readonly total: number | undefined;
  readonly at: (position: number) => DatasetEntry | undefined;
  readonly error: unknown;
  readonly retry: () => void;
}

/** The entries between two positions of a list that may be long: only the pages that they lie on are asked for. */
export function useEntries(dataset: string, filters: Filters, first: number, last: number): Entries {
  const api = useApi();
  const scope = useScope();
  const pages = useMemo(() => pagesBetween(first, last), [first, last]);
  const answers = useQueries({
    queries: pages.map((page) => ({
      queryKey: keys.dataset(scope, dataset, "entries", filters, page),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        entriesPage(api, dataset, filters, page * PAGE_ENTRIES, PAGE_ENTRIES, signal),
      staleTime: Infinity,
      gcTime: 120_000,
    })),
  });
  const known = new Map(answers.map(({ data }, index) => [pages[index] ?? 0, data]));
  const at = (position: number) => known.get(Math.floor(position / PAGE_ENTRIES))?.entries[position % PAGE_ENTRIES];
  return {
    total: answers.find(({ data }) => data !== undefined)?.data?.total,
    at,
    error: answers.find(({ error, data }) => error !== null && data === undefined)?.error ?? null,
    retry: () => answers.forEach((answer) => void answer.refetch()),
  };
}

/** Page 0 is always there: it says how many there are while others are on their way. */
function pagesBetween(first: number, last: number): number[] {
  const pages = [0];
  for (let page = Math.floor(first / PAGE_ENTRIES); page <= Math.floor(last / PAGE_ENTRIES); page++) {
    if (page > 0) pages.push(page);
  }
  return pages;
}

/** Counts of every filter and label, within a filter by name. */
export function useCounts(dataset: string, name = "") {
  const api = useApi();
  const scope = useScope();
  return useQuery({
    queryKey: keys.dataset(scope, dataset, "counts", name),
    queryFn: ({ signal }) => api.get("/dataset/counts", { dataset, name }, signal),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
}

/** The rules behind error codes, by code: what is wrong, why, and what helps. */
export function useErrorCatalogue(): ReadonlyMap<string, CatalogueRule> {
  const api = useApi();
  const { data } = useQuery({
    queryKey: ["errors"],
    queryFn: ({ signal }) => api.get("/errors", {}, signal),
    staleTime: Infinity,
  });
  return useMemo(() => new Map(data?.errors.map((rule) => [rule.code, rule])), [data]);
}

/** Addresses that were signed before, so that pictures that come back are shown at once. */
const signedBefore = new Map<string, string>();
const MAXIMUM_KEPT = 5_000;
const HOUR = 3_600_000;

interface Picture {
  bucket: string;
  key: string;
}

async function previewUrl(identity: Identity, { bucket, key }: Picture, width: number, name: string): Promise<string> {
  const url = await presigned(identity, "/console/api/preview", { bucket, key, w: String(width) });
  if (signedBefore.size >= MAXIMUM_KEPT) signedBefore.clear();
  signedBefore.set(name, url);
  return url;
}

/** The address of a picture at most `width` pixels wide and high, or undefined until it is signed. */
export function usePreview(picture: Picture | undefined, width: number): string | undefined {
  const identity = useIdentity();
  const name =
    picture && [scopeOf(identity), Math.floor(Date.now() / HOUR), width, picture.bucket, picture.key].join("\n");
  const [signed, setSigned] = useState<{ name: string; url: string } | null>(null);
  const known =
    name === undefined ? undefined : (signedBefore.get(name) ?? (signed?.name === name ? signed.url : undefined));
  const { bucket, key } = picture ?? { bucket: "", key: "" };
  useEffect(() => {
    if (name === undefined || known !== undefined) return;
    let isCurrent = true;
    void previewUrl(identity, { bucket, key }, width, name).then((url) => {
      if (isCurrent) setSigned({ name, url });
    });
    return () => {
      isCurrent = false;
    };
  }, [identity, bucket, key, width, name, known]);
  return known;
}

/** Asks the browser for a picture before it is shown. */
export function usePrefetchPreview() {
  const identity = useIdentity();
  return useCallback(
    async (picture: Picture, width: number) => {
      const name = [scopeOf(identity), Math.floor(Date.now() / HOUR), width, picture.bucket, picture.key].join("\n");
      new Image().src = signedBefore.get(name) ?? (await previewUrl(identity, picture, width, name));
    },
    [identity],
  );
}
