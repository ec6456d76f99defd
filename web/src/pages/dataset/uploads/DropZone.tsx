import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useRef, useState } from "react";
import { useFormats } from "../../../components/format";
import { useTexts } from "../../../texts";
import { chosen, dropped } from "../io/picking";
import { sorted } from "../io/uploading";
import type { Picked } from "../model/uploads";
import type { Picks } from "./picks";

const SHOWN = 100;

interface Props {
  readonly picks: Picks;
  readonly onChange: (picks: Picks) => void;
  readonly isDisabled?: boolean;
}

/** Drag and drop of files and whole folders, or two buttons for the keyboard. Files are checked before they are sent. */
export function DropZone({ picks, onChange, isDisabled = false }: Props) {
  const { uploads } = useTexts();
  const { number, bytes } = useFormats();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [isChecking, setChecking] = useState(false);

  const take = async (found: Promise<Picked[]> | Picked[]) => {
    setChecking(true);
    try {
      const known = new Set(picks.good.map(({ path, file }) => `${path}\n${file.size}`));
      const { good, bad } = await sorted((await found).filter(({ path, file }) => !known.has(`${path}\n${file.size}`)));
      onChange({ ...picks, good: [...picks.good, ...good], bad: [...picks.bad, ...bad] });
    } finally {
      setChecking(false);
    }
  };
  const takeField = (field: HTMLInputElement) => {
    void take(chosen([...(field.files ?? [])]));
    field.value = "";
  };
  const size = picks.good.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <SpaceBetween size="s">
      <div
        className={`drop-zone${isOver ? " is-over" : ""}`}
        data-testid="drop-zone"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          if (!isDisabled) void take(dropped(event.dataTransfer));
        }}
      >
        <SpaceBetween size="xs" alignItems="center">
          <Box>{uploads.drop}</Box>
          <SpaceBetween size="xs" direction="horizontal">
            <Button iconName="upload" disabled={isDisabled} loading={isChecking} onClick={() => files.current?.click()}>
              {uploads.chooseFiles}
            </Button>
            <Button iconName="folder" disabled={isDisabled || isChecking} onClick={() => folder.current?.click()}>
              {uploads.chooseFolder}
            </Button>
          </SpaceBetween>
          <Box variant="small">{uploads.limits}</Box>
        </SpaceBetween>
        <input
          ref={files}
          hidden
          type="file"
          multiple
          accept="image/png,image/jpeg"
          aria-label={uploads.chooseFiles}
          data-testid="choose-files"
          onChange={(event) => takeField(event.target)}
        />
        <input
          ref={folder}
          hidden
          type="file"
          multiple
          {...{ webkitdirectory: "" }}
          aria-label={uploads.chooseFolder}
          onChange={(event) => takeField(event.target)}
        />
      </div>
      {picks.good.length > 0 && (
        <ExpandableSection headerText={uploads.picked(number(picks.good.length), bytes(size))}>
          <ul className="picked-files">
            {picks.good.slice(0, SHOWN).map((one, index) => (
              <li key={index}>
                <bdi>{one.path}</bdi>
                <Button
                  variant="inline-icon"
                  iconName="close"
                  ariaLabel={uploads.leaveOut(one.path)}
                  disabled={isDisabled}
                  onClick={() => onChange({ ...picks, good: picks.good.filter((each) => each !== one) })}
                />
              </li>
            ))}
            {picks.good.length > SHOWN && <li>{uploads.more(number(picks.good.length - SHOWN))}</li>}
          </ul>
        </ExpandableSection>
      )}
      {picks.bad.length > 0 && (
        <Alert
          type="warning"
          header={uploads.refused(picks.bad.length)}
          dismissible
          onDismiss={() => onChange({ ...picks, bad: [] })}
        >
          <ul className="picked-files">
            {picks.bad.slice(0, SHOWN).map(({ picked, refusal }, index) => (
              <li key={index}>
                <bdi>{picked.path}</bdi>: {uploads.refusals[refusal]}
              </li>
            ))}
          </ul>
        </Alert>
      )}
      {picks.good.some(({ path }) => path.includes("/")) && (
        <Checkbox
          checked={picks.labelsFromFolders}
          disabled={isDisabled}
          onChange={({ detail }) => onChange({ ...picks, labelsFromFolders: detail.checked })}
        >
          {uploads.labelsFromFolders}
        </Checkbox>
      )}
    </SpaceBetween>
  );
}
