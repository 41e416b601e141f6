import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { BillData, FindingData, TraceData } from "../data/report-data.js";
import { Account } from "./account.js";
import { Critical } from "./critical.js";
import { DetailPanel } from "./detail-panel.js";
import type { Details } from "./details.js";
import { Errors } from "./errors.js";
import { Findings } from "./findings.js";
import { childrenOf } from "./folding.js";
import { sentParts } from "./icicle.js";
import { firstWithin, rowAt } from "./moments.js";
import { Overview } from "./overview.js";
import { Prompts } from "./prompts.js";
import { rowIndex, stepText } from "./row-index.js";
import type { TextsOf } from "./search.js";
import { Summary } from "./summary.js";
import { Tokens } from "./tokens.js";
import type { ToolbarProps } from "./toolbar.js";
import { Tools } from "./tools.js";
import { nameInAddress } from "./use-linked.js";
import { useShownRows } from "./use-shown-rows.js";
import { useZoom } from "./use-zoom.js";
import type { Viewport } from "./viewport.js";
import { Waterfall } from "./waterfall.js";

interface TracePageProps extends Pick<ToolbarProps, "query" | "onQuery"> {
  readonly trace: TraceData;
  /** What the prompts of its session have cost. */
  readonly bill: BillData | undefined;
  /** What could have been spared in its session. */
  readonly findings: readonly FindingData[];
  readonly details: Details;
  /** The details are there; till then only what needs none of them is drawn. */
  readonly isLoaded: boolean;
  readonly isDark: boolean;
  /** The rows that hold what is searched for; whether all have been looked through. */
  readonly found: readonly number[];
  readonly isDone: boolean;
  /** What of a row is searched. */
  readonly textsOf: TextsOf;
  /** The row that the page's address leads to. */
  readonly linked: number | null;
  /** The turns beside this one, in one line. */
  readonly turns: ComponentChildren;
}

/** One turn: what is selected, opened, searched for and shown of its time is the same in all its parts. */
export function TracePage(props: TracePageProps) {
  const { trace, bill, findings, details, isLoaded, isDark, query, onQuery, found, isDone, textsOf, linked } = props;
  const { rows, path, prompts } = trace;
  const [selected, select] = useState(linked ?? 0);
  const [isOpen, setOpen] = useState(linked !== null);
  const index = useMemo(() => rowIndex(rows), [rows]);
  const zoom = useZoom(trace.duration);
  const shown = useShownRows({ rows, index, path, found, view: zoom.view, selected });
  const tree = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLElement>(null);
  const searchField = useRef<HTMLInputElement>(null);
  const place = useRef(0);
  const open = useCallback((row: number) => {
    place.current = topOf(tree.current);
    select(row);
    setOpen(true);
  }, []);
  // What is open already is gone into.
  const openByKey = (): void => {
    if (isOpen) panel.current?.focus({ preventScroll: true });
    else open(selected);
  };
  const close = useCallback(() => {
    place.current = topOf(tree.current);
    setOpen(false);
    tree.current?.focus({ preventScroll: true });
  }, []);
  // Not only after the page was drawn: a person may type at once.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLInputElement;
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        searchField.current?.focus();
        searchField.current?.select();
      } else if (event.key === "Escape" && typing) {
        onQuery("");
        tree.current?.focus({ preventScroll: true });
      } else if (event.key === "Escape") close();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [close, onQuery]);
  useEffect(() => {
    if (linked !== null) open(linked);
  }, [linked, open]);
  const row = rows[selected];
  // What is looked at is what the address leads to.
  useLayoutEffect(() => nameInAddress(isOpen && row ? row.id : null), [isOpen, row]);
  useLayoutEffect(() => {
    document.body.classList.toggle("beside", isOpen);
    // What is above the rows gets higher where it has less room: they stay under the pointer.
    if (place.current !== 0) scrollBy(0, topOf(tree.current) - place.current);
    place.current = 0;
    return () => document.body.classList.remove("beside");
  }, [isOpen]);
  const detail = useMemo(
    () => (row && isOpen && isLoaded ? details.detailOf(row) : null),
    [row, isOpen, isLoaded, details],
  );
  const sent = useMemo(() => {
    const call = isOpen && isLoaded ? prompts?.calls.find((one) => one.row === selected) : undefined;
    return prompts && call ? sentParts(prompts.parts, details.partsOf(call).parts) : [];
  }, [prompts, selected, isOpen, isLoaded, details]);
  const foundRows = useMemo(() => ({ rows: found, done: isDone }), [found, isDone]);
  const goToMoment = (at: number): void => select(rowAt(rows, index.ends, at));
  const goToStretch = (view: Viewport): void => select(firstWithin(rows, shown.visible, view) ?? selected);
  return (
    <>
      <Summary trace={trace} />
      <section class="waterfall" aria-label="Waterfall">
        <h2>Waterfall</h2>
        {props.turns}
        <Overview
          trace={trace}
          index={index}
          zoom={zoom}
          selected={selected}
          found={query === "" ? NOTHING : found}
          isDark={isDark}
          onMoment={goToMoment}
          onStretch={goToStretch}
        />
        <Waterfall
          trace={trace}
          index={index}
          shown={shown}
          zoom={zoom}
          tree={tree}
          searchField={searchField}
          selected={selected}
          onSelect={select}
          onOpen={open}
          onEnter={openByKey}
          query={query}
          onQuery={onQuery}
          found={foundRows}
          textsOf={textsOf}
        />
      </section>
      {isLoaded && (
        <>
          <Critical trace={trace} index={index} onOpen={open} />
          <Account parts={trace.account} duration={trace.duration} />
          <Tokens series={trace.series} index={index} isDark={isDark} onOpen={open} />
          {prompts && <Prompts prompts={prompts} bill={bill} details={details} onOpen={open} />}
          <Tools trace={trace} index={index} onOpen={open} />
          <Findings findings={findings} trace={trace} onOpen={open} />
          <Errors errors={trace.errors} index={index} onOpen={open} />
        </>
      )}
      {row && detail && (
        <DetailPanel
          key={selected}
          panel={panel}
          at={selected}
          row={row}
          where={stepText(index, selected)}
          detail={detail}
          errors={trace.errors.filter((error) => error.row === selected)}
          causes={causesOf(trace, selected)}
          sent={sent}
          textOf={details.textOf}
          query={query}
          rows={rows}
          inside={childrenOf(rows, index.ends, selected)}
          onOpen={open}
          onClose={close}
        />
      )}
    </>
  );
}

function topOf(element: Element | null): number {
  return element?.getBoundingClientRect().top ?? 0;
}

function causesOf({ series }: TraceData, row: number) {
  for (const { calls } of series) {
    const point = calls.find((call) => call.row === row);
    if (point) return point.causes;
  }
  return [];
}

const NOTHING: readonly number[] = [];
