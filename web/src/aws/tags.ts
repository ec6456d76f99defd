import {
  ListTagsForResourceCommand,
  type RekognitionClient,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-rekognition";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { keys, useScope } from "../state/live";
import { useRekognition } from "./clients";

/** A resource's tags, keys with values. */
export function useTags(arn: string) {
  const rekognition = useRekognition();
  return useQuery({
    queryKey: keys.version(useScope(), arn, "tags"),
    queryFn: async () => (await rekognition.send(new ListTagsForResourceCommand({ ResourceArn: arn }))).Tags ?? {},
  });
}

export interface TagChange {
  before: Record<string, string>;
  after: Record<string, string>;
}

/** What must be sent so that `before` becomes `after`. */
export function differenceOf({ before, after }: TagChange): { set: Record<string, string>; remove: string[] } {
  const set = Object.fromEntries(Object.entries(after).filter(([key, value]) => before[key] !== value));
  return { set, remove: Object.keys(before).filter((key) => !(key in after)) };
}

/** Save a resource's tags; what is taken away is taken away now, as the guide has it (C-24). */
export function useSaveTags(arn: string, onSaved: () => void) {
  const rekognition = useRekognition();
  const client = useQueryClient();
  const key = keys.version(useScope(), arn, "tags");
  return useMutation({
    mutationFn: (change: TagChange) => save(rekognition, arn, change),
    onSuccess: onSaved,
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  });
}

async function save(client: RekognitionClient, arn: string, change: TagChange): Promise<void> {
  const { set, remove } = differenceOf(change);
  if (remove.length > 0) await client.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys: remove }));
  if (Object.keys(set).length > 0) await client.send(new TagResourceCommand({ ResourceArn: arn, Tags: set }));
}
