import { useMemo } from "react";
import { signedFetch } from "../aws/sign";
import { type Identity, useIdentity } from "../state/identity";
import type { paths } from "./schema";

/** An answer that says why not; `code` is AWS's name of the error where AWS has one. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = code;
  }
}

const BASE = "/console/api";

type Method = "get" | "post" | "delete";
/** The operation of a path such as "/dataset/entries", as the API's document has it. */
type Operation<M extends Method, P extends string> = `${typeof BASE}${P}` extends infer Whole extends keyof paths
  ? NonNullable<paths[Whole][M]>
  : never;
/** The paths that have a method. */
type PathOf<M extends Method> = {
  [Whole in keyof paths]: Whole extends `${typeof BASE}${infer P}` ? (paths[Whole][M] extends undefined ? never : P) : never;
}[keyof paths];

/** What is given may be read-only. */
type Given<T> = T extends readonly (infer E)[] ? readonly Given<E>[] : T extends object ? { readonly [K in keyof T]: Given<T[K]> } : T;
type QueryOf<O> = O extends { parameters: { query: infer Q } } ? Given<Q> : Record<string, never>;
type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? Given<B> : never;
type JsonOf<R> = R extends { content: { "application/json": infer A } } ? A : never;
type AnswerOf<O> = O extends { responses: infer R }
  ? { [Status in keyof R & (200 | 202)]: JsonOf<R[Status]> }[keyof R & (200 | 202)]
  : never;

/** The console's own calls, signed as the identity. Every one raises ApiError, or TypeError where no answer came. */
export class Api {
  constructor(readonly identity: Identity) {}

  get<P extends PathOf<"get">>(
    path: P,
    query: QueryOf<Operation<"get", P>>,
    signal?: AbortSignal,
  ): Promise<AnswerOf<Operation<"get", P>>> {
    return this.#call("GET", path, query, undefined, signal);
  }

  post<P extends PathOf<"post">>(path: P, body: BodyOf<Operation<"post", P>>): Promise<AnswerOf<Operation<"post", P>>> {
    return this.#call("POST", path, {}, body);
  }

  async #call<T>(method: string, path: string, query: unknown, body: unknown, signal?: AbortSignal): Promise<T> {
    const response = await signedFetch(this.identity, method, BASE + path, {
      query: textual(query ?? {}),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    if (!response.ok) throw await errorOf(response);
    return (await response.json()) as T;
  }
}

/** The console's own calls as the identity of the header. */
export function useApi(): Api {
  const identity = useIdentity();
  return useMemo(() => new Api(identity), [identity]);
}

/** Numbers as text, lists as they are; what is null or undefined is left out. */
function textual(query: object): Record<string, string | string[]> {
  const pairs = Object.entries(query).flatMap(([name, value]: [string, unknown]): [string, string | string[]][] => {
    if (value === null || value === undefined) return [];
    return [[name, Array.isArray(value) ? value.map(String) : `${value as string | number | boolean}`]];
  });
  return Object.fromEntries(pairs);
}

/** The error that an answer's body names, also if it is not of our making (a proxy's page). */
export async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    return new ApiError(error.code, error.message, response.status);
  } catch {
    return new ApiError(`HTTP ${response.status}`, response.statusText, response.status);
  }
}
