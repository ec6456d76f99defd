import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api/client";
import { ErrorAlert } from "../components/ErrorAlert";
import { Modal } from "../components/Modal";
import type { Bucket } from "../api/types";
import { keys, useBucket, useScope } from "../state/live";
import { useTexts } from "../texts";

/** "First Time Set Up" (S-4, S-5): before the Region's console bucket exists no page can be used. */
export function SetUpDialog() {
  const { data } = useBucket();
  const scope = useScope();
  return data?.name === null ? <Dialog key={scope} proposal={data.proposal} /> : null;
}

function Dialog({ proposal: first }: { proposal: string }) {
  // The name stays as it is read, although the emulator proposes another one each time that it is asked.
  const [proposal] = useState(first);
  const { setUp, common } = useTexts();
  const api = useApi();
  const client = useQueryClient();
  const scope = useScope();
  const create = useMutation({
    mutationFn: () => api.post("/bucket", { name: proposal }),
    onSuccess: ({ name }) => client.setQueryData<Bucket>(keys.bucket(scope), { name, proposal }),
  });
  return (
    <Modal
      visible
      data-set-up=""
      // There is nothing behind it to go back to: Escape does nothing, and app.css takes this button away by its name.
      closeAriaLabel="-"
      onDismiss={() => undefined}
      header={setUp.title}
      footer={
        <Box float="right">
          <Button variant="primary" loading={create.isPending} onClick={() => create.mutate()}>
            {setUp.create}
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box variant="p">{setUp.body}</Box>
        <FormField label={setUp.bucket} description={setUp.bucketHelp}>
          <CopyToClipboard
            variant="inline"
            textToCopy={proposal}
            copyButtonAriaLabel={`${common.copy} ${setUp.bucket}`}
            copySuccessText={common.copied}
            copyErrorText={common.copyFailed}
          />
        </FormField>
        {create.error && <ErrorAlert error={create.error} />}
      </SpaceBetween>
    </Modal>
  );
}
