import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type SyntheticEvent, useState } from "react";
import { tokenWantedStore } from "../api/control";
import { Modal } from "../components/Modal";
import { controlTokenStore } from "../state/controlToken";
import { useStore } from "../state/store";
import { useTexts } from "../texts";

/** Asks for the control token once a control call was refused for want of it. */
export function ControlTokenDialog() {
  return useStore(tokenWantedStore) ? <Dialog /> : null;
}

function Dialog() {
  const { controlToken, common } = useTexts();
  const [token, setToken] = useState("");
  const close = () => tokenWantedStore.set(false);
  const use = (event: SyntheticEvent) => {
    event.preventDefault();
    controlTokenStore.set(token);
    close();
  };
  return (
    <Modal
      visible
      onDismiss={close}
      header={controlToken.title}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>
              {common.cancel}
            </Button>
            <Button variant="primary" form="control-token" formAction="submit" disabled={token === ""}>
              {controlToken.use}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form id="control-token" onSubmit={use}>
        <SpaceBetween size="m">
          <Box variant="p">{controlToken.body}</Box>
          <FormField label={controlToken.field}>
            <Input type="password" autoComplete={false} value={token} onChange={({ detail }) => setToken(detail.value)} />
          </FormField>
        </SpaceBetween>
      </form>
    </Modal>
  );
}
