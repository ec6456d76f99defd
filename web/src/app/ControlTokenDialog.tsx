import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { tokenWantedStore } from "../api/control";
import { FormDialog } from "../components/FormDialog";
import { controlTokenStore } from "../state/controlToken";
import { useStore } from "../state/store";
import { useTexts } from "../texts";

/** Asks for the control token once a control call was refused for want of it. */
export function ControlTokenDialog() {
  return useStore(tokenWantedStore) ? <Dialog /> : null;
}

function Dialog() {
  const { controlToken } = useTexts();
  const [token, setToken] = useState("");
  const close = () => tokenWantedStore.set(false);
  const use = () => {
    controlTokenStore.set(token);
    close();
  };
  return (
    <FormDialog title={controlToken.title} button={controlToken.use} isReady={token !== ""} onSubmit={use} onClose={close}>
      <Box variant="p">{controlToken.body}</Box>
      <FormField label={controlToken.field}>
        <Input type="password" autoComplete={false} autoFocus value={token} onChange={({ detail }) => setToken(detail.value)} />
      </FormField>
    </FormDialog>
  );
}
