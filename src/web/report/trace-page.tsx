import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { BillData, TraceData } from "../data/report-data.js";
import { Account } from "./account.js";
import { DetailPanel } from "./detail-panel.js";
import type { Details } from "./details.js";
import { Errors } from "./errors.js";
import { sentParts } from "./icicle.js";
import { Prompts } from "./prompts.js";
import { Summary } from "./summary.js";
import { Tokens } from "./tokens.js";
import type { ToolbarProps } from "./toolbar.js";
import { Tools } from "./tools.js";
import { Waterfall } from "./waterfall.js";

interface TracePageProps extends Pick<ToolbarProps, "query" | "onQuery" | "found"> {
  readonly trace: TraceData;
  /** What the prompts of its session have cost. */
  readonly bill: BillData | undefined;
  readonly details: Details;
  readonly isDark: boolean;
}

/** One turn: what is selected, opened and searched for is the same in all its parts. */
export function TracePage({ trace, bill, details, isDark, query, onQuery, found }: TracePageProps) {
  const [selected, select] = useState(0);
  const [isOpen, setOpen] = useState(false);
  const tree = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLElement>(null);
  const searchField = useRef<HTMLInputElement>(null);
  const open = useCallback((row: number) => {
    select(row);
    setOpen(true);
  }, []);
  // What is open already is gone into.
  const openByKey = (): void => {
    if (isOpen) panel.current?.focus({ preventScroll: true });
    else setOpen(true);
  };
  const close = useCallback(() => {
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
  const row = trace.rows[selected];
  const detail = useMemo(() => (row && isOpen ? details.detailOf(row) : null), [row, isOpen, details]);
  const { prompts } = trace;
  const sent = useMemo(() => {
    const call = isOpen ? prompts?.calls.find((one) => one.row === selected) : undefined;
    return prompts && call ? sentParts(prompts.parts, details.partsOf(call).parts) : [];
  }, [prompts, selected, isOpen, details]);
  return (
    <>
      <Summary trace={trace} />
      <Waterfall
        trace={trace}
        tree={tree}
        searchField={searchField}
        selected={selected}
        onSelect={select}
        onOpen={open}
        onEnter={openByKey}
        query={query}
        onQuery={onQuery}
        found={found}
      />
      <Account parts={trace.account} duration={trace.duration} />
      <Tokens series={trace.series} isDark={isDark} onOpen={open} />
      {prompts && <Prompts prompts={prompts} bill={bill} details={details} onOpen={open} />}
      <Tools trace={trace} onOpen={open} />
      <Errors errors={trace.errors} onOpen={open} />
      {row && detail && (
        <DetailPanel
          key={selected}
          panel={panel}
          at={selected}
          row={row}
          detail={detail}
          errors={trace.errors.filter((error) => error.row === selected)}
          causes={causesOf(trace, selected)}
          sent={sent}
          textOf={details.textOf}
          query={query}
          onClose={close}
        />
      )}
    </>
  );
}

function causesOf({ series }: TraceData, row: number) {
  for (const { calls } of series) {
    const point = calls.find((call) => call.row === row);
    if (point) return point.causes;
  }
  return [];
}
