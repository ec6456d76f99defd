import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { FormDialog } from "../components/FormDialog";
import { identityStore, isAccount, isRegion } from "../state/identity";
import { useTexts } from "../texts";

/** Whose projects are shown: account, Region and, where signatures are checked, the key. */
export function IdentityDialog({ onClose }: { onClose: () => void }) {
  const { header, common } = useTexts();
  const current = identityStore.get();
  const [account, setAccount] = useState(current.account);
  const [region, setRegion] = useState(current.region);
  const [accessKeyId, setAccessKeyId] = useState(current.keys?.accessKeyId ?? "");
  const [secretAccessKey, setSecret] = useState(current.keys?.secretAccessKey ?? "");
  const [sessionToken, setToken] = useState(current.keys?.sessionToken ?? "");
  const hasKeys = accessKeyId !== "" || secretAccessKey !== "" || sessionToken !== "";
  const areKeysWhole = !hasKeys || (accessKeyId !== "" && secretAccessKey !== "");
  const isValid = isAccount(account) && isRegion(region) && areKeysWhole;

  const use = () => {
    identityStore.set({ account, region, keys: hasKeys ? { accessKeyId, secretAccessKey, sessionToken } : null });
    onClose();
  };
  return (
    <FormDialog title={header.switchTitle} button={header.use} isReady={isValid} onSubmit={use} onClose={onClose}>
      <Box variant="p">{header.switchBody}</Box>
      <FormField label={header.account} constraintText={header.accountHelp} errorText={isAccount(account) ? "" : header.accountError}>
        <Input value={account} inputMode="numeric" onChange={({ detail }) => setAccount(detail.value.trim())} />
      </FormField>
      <FormField label={header.region} constraintText={header.regionHelp} errorText={isRegion(region) ? "" : header.regionError}>
        <Input value={region} onChange={({ detail }) => setRegion(detail.value.trim())} />
      </FormField>
      <ExpandableSection headerText={header.keys} defaultExpanded={hasKeys}>
        <SpaceBetween size="m">
          <FormField label={header.accessKeyId} constraintText={header.keysHelp} errorText={areKeysWhole ? "" : header.keysError}>
            <Input value={accessKeyId} autoComplete={false} onChange={({ detail }) => setAccessKeyId(detail.value.trim())} />
          </FormField>
          <FormField label={header.secretAccessKey}>
            <Input type="password" autoComplete={false} value={secretAccessKey} onChange={({ detail }) => setSecret(detail.value.trim())} />
          </FormField>
          <FormField label={`${header.sessionToken} - ${common.optional}`}>
            <Input type="password" autoComplete={false} value={sessionToken} onChange={({ detail }) => setToken(detail.value.trim())} />
          </FormField>
        </SpaceBetween>
      </ExpandableSection>
    </FormDialog>
  );
}
