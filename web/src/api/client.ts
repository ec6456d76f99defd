import { useMemo } from "react";
import { signedFetch } from "../aws/sign";
import { type Identity, useIdentity } from "../state/identity";

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

type QueryValue = string | number | boolean | readonly string[] | null | undefined;
export type ApiQuery = Record<string, QueryValue>;

const BASE = "/console/api";

/** The console's own calls, signed as the identity. Every one raises ApiError, or TypeError where no answer came. */
export class Api {
  constructor(readonly identity: Identity) {}

  get<T>(path: string, query: ApiQuery = {}, signal?: AbortSignal): Promise<T> {
    return this.#call<T>("GET", path, query, undefined, signal);
  }

  post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return this.#call<T>("POST", path, {}, body, signal);
  }

  delete(path: string, query: ApiQuery = {}): Promise<unknown> {
    return this.#call("DELETE", path, query, undefined);
  }

  async #call<T>(method: string, path: string, query: ApiQuery, body: unknown, signal?: AbortSignal): Promise<T> {
    const response = await signedFetch(this.identity, method, BASE + path, {
      query: textual(query),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    if (!response.ok) throw await errorOf(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
}

/** The console's own calls as the identity of the header. */
export function useApi(): Api {
  const identity = useIdentity();
  return useMemo(() => new Api(identity), [identity]);
}

function textual(query: ApiQuery): Record<string, string | string[]> {
  const pairs = Object.entries(query).flatMap(([name, value]): [string, string | string[]][] => {
    if (value === null || value === undefined) return [];
    return [[name, Array.isArray(value) ? [...(value as readonly string[])] : String(value)]];
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
