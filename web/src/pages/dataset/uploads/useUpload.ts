import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useApi } from "../../../api/client";
import { useRekognition, useS3 } from "../../../aws/clients";
import { keys, useScope } from "../../../state/live";
import { addEntries, type Uploaded, uploadFiles, uploadPlace, type UploadProgress } from "../io/uploading";
import type { Picks } from "./picks";

export type UploadState =
  | { readonly step: "idle" }
  | { readonly step: "uploading"; readonly total: number; readonly progress: UploadProgress }
  | { readonly step: "uploaded"; readonly files: readonly Uploaded[]; readonly progress: UploadProgress }
  | { readonly step: "saving"; readonly files: readonly Uploaded[]; readonly progress: UploadProgress }
  | { readonly step: "failed"; readonly error: unknown };

const NOTHING: UploadProgress = { done: 0, failed: [] };

/** The way of files into a dataset: Upload images, then Save changes (C-10). */
export function useUpload() {
  const api = useApi();
  const s3 = useS3();
  const rekognition = useRekognition();
  const client = useQueryClient();
  const scope = useScope();
  const [state, setState] = useState<UploadState>({ step: "idle" });
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);

  const upload = async (dataset: string, picks: Picks): Promise<readonly Uploaded[]> => {
    stop.current = new AbortController();
    let progress = NOTHING;
    const total = picks.good.length;
    setState({ step: "uploading", total, progress });
    const place = await uploadPlace(api, dataset);
    const files = await uploadFiles(s3, place, picks.good, stop.current.signal, (next) => {
      progress = next;
      setState({ step: "uploading", total, progress });
    });
    setState({ step: "uploaded", files, progress });
    return files;
  };

  const save = async (dataset: string, files: readonly Uploaded[], labelsFromFolders: boolean): Promise<void> => {
    setState((old) => ({ step: "saving", files, progress: old.step === "uploaded" ? old.progress : NOTHING }));
    await addEntries(rekognition, dataset, files, labelsFromFolders);
    await client.invalidateQueries({ queryKey: keys.dataset(scope, dataset) });
  };

  /** Runs a part of the way; an error of it is shown and ends it. Returns whether it went well. */
  const tried = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      setState({ step: "failed", error });
      return false;
    }
  };

  return { state, upload, save, tried, stop: () => stop.current.abort(), reset: () => setState({ step: "idle" }) };
}
