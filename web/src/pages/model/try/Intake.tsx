import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type SyntheticEvent, useEffect, useEffectEvent, useRef, useState } from "react";
import { useTexts } from "../../../texts";
import { Camera } from "./Camera";
import { parseUri, type Source } from "./source";

interface Props {
  isDisabled: boolean;
  onTake: (source: Source) => void;
}

/** The ways in for an image. */
export function Intake({ isDisabled, onTake }: Props) {
  const { tryImage } = useTexts();
  const [isCamera, setCamera] = useState(false);
  const takeFile = (file: File | undefined) => {
    if (file && !isDisabled) onTake({ kind: "bytes", name: file.name, blob: file });
  };
  usePaste((file) => takeFile(new File([file], tryImage.pasted, { type: file.type })));
  return (
    <SpaceBetween size="m">
      <DropArea isDisabled={isDisabled} onFile={takeFile}>
        <Button iconName="video-on" disabled={isDisabled} onClick={() => setCamera(true)}>
          {tryImage.camera}
        </Button>
      </DropArea>
      {isCamera && (
        <Camera
          onClose={() => setCamera(false)}
          onPicture={(blob) => onTake({ kind: "bytes", name: tryImage.taken, blob })}
        />
      )}
      <FromS3 isDisabled={isDisabled} onTake={onTake} />
    </SpaceBetween>
  );
}

interface DropProps {
  isDisabled: boolean;
  onFile: (file: File | undefined) => void;
  children: React.ReactNode;
}

function DropArea({ isDisabled, onFile, children }: DropProps) {
  const { tryImage } = useTexts();
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <div
      className={isOver ? "drop drop-over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onFile(event.dataTransfer.files[0]);
      }}
    >
      <span>{tryImage.drop}</span>
      <SpaceBetween direction="horizontal" size="xs">
        <Button iconName="upload" disabled={isDisabled} onClick={() => input.current?.click()}>
          {tryImage.choose}
        </Button>
        {children}
      </SpaceBetween>
      <input
        ref={input}
        type="file"
        accept="image/jpeg,image/png"
        hidden
        aria-label={tryImage.choose}
        onChange={(event) => {
          onFile(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
    </div>
  );
}

/** An image that is pasted anywhere on the page. */
function usePaste(onImage: (file: File) => void): void {
  const take = useEffectEvent(onImage);
  useEffect(() => {
    const listen = (event: ClipboardEvent) => {
      const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
      if (file) take(file);
    };
    document.addEventListener("paste", listen);
    return () => document.removeEventListener("paste", listen);
  }, []);
}

function FromS3({ isDisabled, onTake }: Props) {
  const { tryImage } = useTexts();
  const [uri, setUri] = useState("");
  const [isTouched, setTouched] = useState(false);
  const place = parseUri(uri);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTouched(true);
    if (place) onTake({ kind: "s3", name: uri.trim(), ...place });
  };
  return (
    <form onSubmit={submit}>
      <FormField
        label={tryImage.uri}
        constraintText={tryImage.uriHelp}
        errorText={isTouched && !place ? tryImage.uriError : ""}
        secondaryControl={<Button disabled={isDisabled}>{tryImage.analyze}</Button>}
      >
        <Input value={uri} placeholder="s3://" onChange={({ detail }) => setUri(detail.value)} />
      </FormField>
    </form>
  );
}
