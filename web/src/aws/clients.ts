import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { RekognitionClient } from "@aws-sdk/client-rekognition";
import { S3Client } from "@aws-sdk/client-s3";
import { useMemo } from "react";
import { credentialsOf, type Identity, useIdentity } from "../state/identity";

/** All AWS calls go to the origin that served the page: the emulator is every service on one port. */
function settings(identity: Identity) {
  return {
    region: identity.region,
    endpoint: window.location.origin,
    credentials: credentialsOf(identity),
    maxAttempts: 2,
  };
}

export function useRekognition(): RekognitionClient {
  const identity = useIdentity();
  return useMemo(() => new RekognitionClient(settings(identity)), [identity]);
}

export function useS3(): S3Client {
  const identity = useIdentity();
  return useMemo(() => new S3Client({ ...settings(identity), forcePathStyle: true }), [identity]);
}

export function useCloudWatch(): CloudWatchClient {
  const identity = useIdentity();
  return useMemo(() => new CloudWatchClient(settings(identity)), [identity]);
}
