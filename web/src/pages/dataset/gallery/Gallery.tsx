import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { ErrorAlert } from "../../../components/ErrorAlert";
import { useTexts } from "../../../texts";
import type { DraftStore } from "../io/draftStore";
import { type Entries, useEntries } from "../io/queries";
import type { CatalogueRule, DatasetEntry } from "../../../api/types";
import { type Filters, isFiltering } from "../io/filters";
import { allSelected, extended, NOTHING_SELECTED, toggled } from "../model/selection";
import { LEAST_COLUMNS, LEAST_WIDTH, ROW_HEIGHT } from "./layout";
import { type ChoiceStore, useChoice } from "./selectionStore";
import { Thumbnail } from "./Thumbnail";
import { useDragSelection } from "./useDragSelection";

const ROWS_AROUND = 2;

export interface GalleryProps {
  readonly dataset: string;
  readonly filters: Filters;
  readonly isLabelling: boolean;
  /** The reader comes back from the box editor: to the image where they left. */
  readonly takesFocus: boolean;
  readonly draft: DraftStore;
  readonly choice: ChoiceStore;
  readonly catalogue: ReadonlyMap<string, CatalogueRule>;
  /** Enter, a click on an image, or a double click while images are chosen. */
  readonly onOpen: (position: number, entry: DatasetEntry) => void;
  /** A key that the gallery itself has no use for; whether it was used. */
  readonly onKey: (event: KeyboardEvent) => boolean;
}

/** All images of a dataset that pass the filters. Only what is on the screen is drawn and asked for. */
export function Gallery(props: GalleryProps) {
  const { dataset, filters } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState({ first: 0, last: 0 });
  const entries = useEntries(dataset, filters, shown.first, shown.last);
  const { gallery, common } = useTexts();
  if (entries.error !== null && entries.total === undefined) {
    return <ErrorAlert error={entries.error} header={common.failedToLoad} onRetry={entries.retry} />;
  }
  if (entries.total === 0) return <Alert type="info">{isFiltering(filters) ? gallery.noImages : gallery.empty}</Alert>;
  return <Grid {...props} entries={entries} scroller={scroller} onShown={setShown} />;
}

interface GridProps extends GalleryProps {
  readonly entries: Entries;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly onShown: (shown: { first: number; last: number }) => void;
}

function Grid({ entries, scroller, onShown, ...props }: GridProps) {
  const { isLabelling, choice, draft, catalogue, onOpen } = props;
  const { gallery } = useTexts();
  const id = useId();
  const total = entries.total ?? 0;
  const columns = useColumns(scroller);
  const rows = Math.ceil(total / columns);
  const virtual = useVirtualizer({
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: ROWS_AROUND,
  });
  const shown = virtual.getVirtualItems();
  useShownRange(shown, columns, total, onShown);
  const active = useChoice(choice, (current) => current.active);
  const drag = useDragSelection({ scroller, choice, columns, total, isEnabled: isLabelling });
  const scrollTo = (position: number) => virtual.scrollToIndex(Math.floor(position / columns), { align: "auto" });
  const isThere = total > 0;
  const scrollToActive = useRef<() => void>(() => undefined);
  useLayoutEffect(() => {
    scrollToActive.current = () => scrollTo(choice.get().active);
  });
  const { takesFocus } = props;
  useEffect(() => {
    if (!takesFocus || !isThere) return;
    scroller.current?.focus({ preventScroll: true });
    scrollToActive.current();
  }, [takesFocus, isThere, scroller]);
  const onKeyDown = useKeys({ ...props, total, columns, scrollTo, entryAt: entries.at, scroller });
  const describe = gallery.images(total);
  return (
    <div
      ref={scroller}
      role="grid"
      tabIndex={0}
      className="gallery"
      aria-label={describe}
      aria-rowcount={rows}
      aria-colcount={columns}
      aria-multiselectable={isLabelling}
      aria-activedescendant={total > 0 ? `${id}-${active}` : undefined}
      aria-busy={entries.total === undefined}
      data-testid="gallery"
      onKeyDown={onKeyDown}
      {...drag.handlers}
      // Where images are chosen by clicks, a second click opens one; elsewhere the first does.
      onClick={(event) => {
        const position = isLabelling || drag.isControl(event.target) ? null : drag.positionOf(event.target);
        const entry = position === null ? undefined : entries.at(position);
        if (position !== null && entry) onOpen(position, entry);
      }}
      onDoubleClick={(event) => {
        const position = isLabelling ? drag.positionOf(event.target) : null;
        const entry = position === null ? undefined : entries.at(position);
        if (position !== null && entry) onOpen(position, entry);
      }}
    >
      {entries.total === undefined && (
        <Box padding="l" textAlign="center">
          {gallery.loading}
        </Box>
      )}
      <div role="rowgroup" className="gallery-rows" style={{ blockSize: virtual.getTotalSize() }}>
        {shown.map((row) => (
          <div
            key={row.key}
            role="row"
            aria-rowindex={row.index + 1}
            className="gallery-row"
            style={{
              transform: `translateY(${row.start}px)`,
              gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
            }}
          >
            {positionsOf(row.index, columns, total).map((position, column) => (
              <Thumbnail
                key={position}
                id={`${id}-${position}`}
                position={position}
                column={column}
                entry={entries.at(position)}
                draft={draft}
                choice={choice}
                isLabelling={isLabelling}
                catalogue={catalogue}
              />
            ))}
          </div>
        ))}
      </div>
      {drag.frame && <div className="gallery-frame" style={drag.frame} />}
    </div>
  );
}

function positionsOf(row: number, columns: number, total: number): number[] {
  const first = row * columns;
  return Array.from({ length: Math.max(0, Math.min(columns, total - first)) }, (_, column) => first + column);
}

/** How many images fit beside each other; the gallery follows its own width. */
function useColumns(scroller: RefObject<HTMLDivElement | null>): number {
  const [columns, setColumns] = useState(5);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = () => setColumns(Math.max(LEAST_COLUMNS, Math.floor(element.clientWidth / LEAST_WIDTH)));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  return columns;
}

/** Tells which positions are on the screen; while the reader scrolls fast, only where the way ends. */
function useShownRange(
  rows: readonly { index: number }[],
  columns: number,
  total: number,
  onShown: (shown: { first: number; last: number }) => void,
): void {
  const first = (rows[0]?.index ?? 0) * columns;
  const last = Math.max(first, Math.min(total, ((rows.at(-1)?.index ?? 0) + 1) * columns) - 1);
  useEffect(() => {
    const timer = setTimeout(() => onShown({ first, last }), 40);
    return () => clearTimeout(timer);
  }, [first, last, onShown]);
}

interface Keys extends GalleryProps {
  readonly total: number;
  readonly columns: number;
  readonly scrollTo: (position: number) => void;
  readonly entryAt: (position: number) => DatasetEntry | undefined;
  readonly scroller: RefObject<HTMLDivElement | null>;
}

/** The keyboard of the gallery: arrows, Home, End, Page keys; Space, Shift and Ctrl+A choose; Enter opens. */
function useKeys({ total, columns, scrollTo, entryAt, scroller, choice, isLabelling, onOpen, onKey }: Keys) {
  return (event: KeyboardEvent) => {
    const element = scroller.current;
    if (element === null || event.target !== element) return;
    const { active, selection } = choice.get();
    const page = Math.max(1, Math.floor(element.clientHeight / ROW_HEIGHT)) * columns;
    const target = targetOf(event, active, columns, page, total);
    if (target !== null) {
      const position = Math.max(0, Math.min(total - 1, target));
      const extends_ = event.shiftKey && isLabelling;
      const from = selection.anchor === null ? { ...selection, anchor: active } : selection;
      choice.set({ active: position, selection: extends_ ? extended(from, position) : selection });
      scrollTo(position);
    } else if (event.key === " " && isLabelling) {
      choice.set({ active, selection: event.shiftKey ? extended(selection, active) : toggled(selection, active) });
    } else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey) && isLabelling) {
      choice.set({ active, selection: allSelected(total) });
    } else if (event.key === "Escape" && isLabelling && selection.ranges.length > 0) {
      choice.set({ active, selection: NOTHING_SELECTED });
    } else if (event.key === "Enter") {
      const entry = entryAt(active);
      if (entry) onOpen(active, entry);
    } else if (!onKey(event)) {
      return;
    }
    event.preventDefault();
  };
}

function targetOf(event: KeyboardEvent, active: number, columns: number, page: number, total: number): number | null {
  if (event.altKey) return null;
  const isWhole = event.ctrlKey || event.metaKey;
  switch (event.key) {
    case "ArrowRight":
      return active + 1;
    case "ArrowLeft":
      return active - 1;
    case "ArrowDown":
      return active + columns < total ? active + columns : active;
    case "ArrowUp":
      return active - columns >= 0 ? active - columns : active;
    case "PageDown":
      return active + page;
    case "PageUp":
      return active - page;
    case "Home":
      return isWhole ? 0 : active - (active % columns);
    case "End":
      return isWhole ? total - 1 : active - (active % columns) + columns - 1;
    default:
      return null;
  }
}
