import { createStore, readStored, useStore, writeStored } from "./store";

/**
 * Who the page speaks as. Account and region are remembered by the browser; a key with its secret and session token
 * (needed only where the emulator checks signatures) is kept for this tab alone.
 */
export interface Identity {
  account: string;
  region: string;
  keys: AccessKeys | null;
}

export interface AccessKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

const PLACE = "custom-labels.identity";
const KEYS = "custom-labels.keys";
const local = () => window.localStorage;
const tab = () => window.sessionStorage;

export const DEFAULT_ACCOUNT = "000000000000";
export const DEFAULT_REGION = "us-east-1";
/** Regions in which AWS offers Custom Labels; any other name may be typed as well. */
export const REGIONS = [
  "us-east-1",
  "us-east-2",
  "us-west-2",
  "eu-central-1",
  "eu-west-1",
  "eu-west-2",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
];

export const isAccount = (text: string) => /^\d{12}$/.test(text);
export const isRegion = (text: string) => /^[a-z0-9-]{1,40}$/.test(text);

function isPlace(value: unknown): value is { account: string; region: string } {
  const place = value as { account?: unknown; region?: unknown } | null;
  return (
    typeof place?.account === "string" && isAccount(place.account) && typeof place.region === "string" && isRegion(place.region)
  );
}

function isKeys(value: unknown): value is AccessKeys {
  const keys = value as Partial<Record<keyof AccessKeys, unknown>> | null;
  return [keys?.accessKeyId, keys?.secretAccessKey, keys?.sessionToken].every((one) => typeof one === "string");
}

const place = readStored(local, PLACE, isPlace, { account: DEFAULT_ACCOUNT, region: DEFAULT_REGION });
const keys = readStored<AccessKeys | null>(tab, KEYS, isKeys, null);

export const identityStore = createStore<Identity>({ ...place, keys }, (identity) => {
  writeStored(local, PLACE, { account: identity.account, region: identity.region });
  writeStored(tab, KEYS, identity.keys);
});

export const useIdentity = () => useStore(identityStore);

/** What calls are signed with. Twelve digits as access key are the account where signatures are not checked (O-20). */
export function credentialsOf(identity: Identity) {
  const { keys } = identity;
  if (keys === null) return { accessKeyId: identity.account, secretAccessKey: "any" };
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** The first part of every query's key: what is cached for one identity is never shown to another. */
export const scopeOf = (identity: Identity) => `${identity.account}/${identity.region}/${identity.keys?.accessKeyId ?? ""}`;
