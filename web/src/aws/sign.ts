import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { credentialsOf, type Identity } from "../state/identity";

type Query = Record<string, string | string[]>;

/** The console's own calls are signed for this service, so that one identity holds for all. */
const SERVICE = "rekognition";
const HOUR = 3_600_000;
/** Seconds that a picture's address lives: always longer than the hour that its date is rounded down to. */
const PICTURE_LIFE = 7_200;

const signers = new WeakMap<Identity, SignatureV4>();

function signerOf(identity: Identity): SignatureV4 {
  const known = signers.get(identity);
  if (known) return known;
  // WebCrypto is missing on plain http beyond loopback, so that the hash is computed in JavaScript.
  const signer = new SignatureV4({
    service: SERVICE,
    region: identity.region,
    credentials: credentialsOf(identity),
    sha256: Sha256,
  });
  signers.set(identity, signer);
  return signer;
}

function request(method: string, path: string, query: Query, body?: string): HttpRequest {
  return new HttpRequest({
    method,
    protocol: window.location.protocol,
    hostname: window.location.hostname,
    path,
    query,
    headers: { host: window.location.host, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    body,
  });
}

/** Fetch a path of this origin with a signature (SigV4). `Host` is the browser's to send. */
export async function signedFetch(
  identity: Identity,
  method: string,
  path: string,
  { query = {}, body, signal }: { query?: Query; body?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  const signed = await signerOf(identity).sign(request(method, path, query, body));
  const headers = new Headers(signed.headers);
  headers.delete("host");
  return fetch(path + queryText(query), { method, headers, body: body ?? null, signal: signal ?? null, cache: "no-store" });
}

/** An address of this origin that needs no header (for img), the same text for an hour so that caches know it. */
export async function presigned(identity: Identity, path: string, query: Query): Promise<string> {
  const signingDate = new Date(Math.floor(Date.now() / HOUR) * HOUR);
  const signed = await signerOf(identity).presign(request("GET", path, query), { expiresIn: PICTURE_LIFE, signingDate });
  return path + queryText(signed.query as Query);
}

export function queryText(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${escapeAll(name)}=${escapeAll(one)}`),
  );
  return pairs.length > 0 ? `?${pairs.join("&")}` : "";
}

/** As SigV4 escapes: everything but letters, digits and -._~ */
function escapeAll(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}
