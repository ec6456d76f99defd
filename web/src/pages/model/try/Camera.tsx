import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useRef, useState } from "react";
import { useTexts } from "../../../texts";

/** What the camera sees, and a picture of it on demand. The camera is let go when this is closed. */
export function Camera({ onPicture, onClose }: { onPicture: (picture: Blob) => void; onClose: () => void }) {
  const { tryImage } = useTexts();
  const video = useRef<HTMLVideoElement>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    let stream: MediaStream | null = null;
    let isClosed = false;
    const open = async () => {
      // Browsers offer the camera to pages on loopback or https only.
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (isClosed) stop(stream);
      else if (video.current) video.current.srcObject = stream;
    };
    open().catch((reason: unknown) => setError(String(reason)));
    return () => {
      isClosed = true;
      stop(stream);
    };
  }, []);
  const capture = () => {
    if (video.current) void pictureOf(video.current).then((picture) => picture && onPicture(picture));
  };
  return (
    <SpaceBetween size="xs">
      {error ? (
        <Alert type="error" header={tryImage.cameraFailed}>
          {error}
        </Alert>
      ) : (
        <video ref={video} className="camera" autoPlay playsInline muted aria-label={tryImage.cameraView} />
      )}
      <SpaceBetween direction="horizontal" size="xs">
        <Button variant="primary" disabled={error !== ""} onClick={capture}>
          {tryImage.capture}
        </Button>
        <Button onClick={onClose}>{tryImage.closeCamera}</Button>
      </SpaceBetween>
    </SpaceBetween>
  );
}

function stop(stream: MediaStream | null) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function pictureOf(video: HTMLVideoElement): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}
