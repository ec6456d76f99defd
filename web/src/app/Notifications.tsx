import Button from "@cloudscape-design/components/button";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { useFormats } from "../components/format";
import { messageOf } from "../components/ErrorAlert";
import { callControl } from "../api/control";
import { useClock, useConnection } from "../state/live";
import { useTexts } from "../texts";
import { dismissNotice, notify, useNotices } from "./shellState";

/** Messages at the top of the page: what pages tell, a clock that stands, an emulator that does not answer. */
export function Notifications() {
  const texts = useTexts();
  const { common, connection } = texts;
  const notices = useNotices();
  const state = useConnection();
  const clock = useClockNotice();
  const items: FlashbarProps.MessageDefinition[] = notices.map((notice) => ({
    ...notice,
    dismissible: true,
    dismissLabel: common.dismiss,
    onDismiss: () => dismissNotice(notice.id),
  }));
  if (clock) items.unshift(clock);
  if (state === "lost") items.unshift({ id: "lost", type: "in-progress", loading: true, content: connection.lost });
  return <Flashbar items={items} />;
}

/** The banner of a manual clock (O-10). */
function useClockNotice(): FlashbarProps.MessageDefinition | null {
  const texts = useTexts();
  const { moment } = useFormats();
  const clock = useClock();
  const fail = (error: unknown) => notify({ id: "clock-failed", type: "error", content: messageOf(error, texts) });
  const advance = useMutation({ mutationFn: () => callControl("POST", "/clock/advance", { seconds: 60 }), onError: fail });
  const release = useMutation({ mutationFn: () => callControl("PUT", "/clock", { mode: "real" }), onError: fail });
  if (clock?.mode !== "manual") return null;
  return {
    id: "clock",
    type: "info",
    header: texts.clock.title,
    content: texts.clock.body(moment(clock.now)),
    action: (
      <SpaceBetween direction="horizontal" size="xs">
        <Button onClick={() => advance.mutate()} loading={advance.isPending}>
          {texts.clock.advance}
        </Button>
        <Button onClick={() => release.mutate()} loading={release.isPending}>
          {texts.clock.real}
        </Button>
      </SpaceBetween>
    ),
  };
}
