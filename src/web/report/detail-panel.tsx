import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { count } from "../../text/format.js";
import type { Detail, ErrorEntry, ReportRow, Section, TokenPoint } from "../data/report-data.js";
import { Causes } from "./causes.js";
import { Content } from "./content.js";
import { CopyButton } from "./copy-button.js";
import type { Details } from "./details.js";
import { ErrorCard } from "./errors.js";
import { Facts } from "./facts.js";
import type { SentPart } from "./icicle.js";
import { Inside } from "./inside.js";
import { SentRequest } from "./sent-request.js";
import { TextBlock } from "./text-block.js";
import { addressOf } from "./use-linked.js";
import { Value } from "./value.js";

interface DetailPanelProps {
  readonly panel: RefObject<HTMLElement | null>;
  /** Its index among the rows. */
  readonly at: number;
  readonly row: ReportRow;
  /** The step that it is in. */
  readonly where: string;
  readonly detail: Detail;
  readonly errors: readonly ErrorEntry[];
  readonly causes: TokenPoint["causes"];
  /** What its request was made of; empty where it has none, or none was recorded. */
  readonly sent: readonly SentPart[];
  readonly textOf: Details["textOf"];
  readonly query: string;
  readonly rows: readonly ReportRow[];
  /** The rows directly below it. */
  readonly inside: readonly number[];
  readonly onOpen: (row: number) => void;
  readonly onClose: () => void;
}

/** All that is known of one row. */
export function DetailPanel(props: DetailPanelProps) {
  const { panel, at, row, where, detail, errors, causes, sent, textOf, query, rows, inside, onOpen, onClose } = props;
  // A screen reader, and the arrow keys, are to be in what was just opened; the page behind must not move.
  useEffect(() => {
    const { activeElement } = document;
    if (!activeElement?.matches(".tree, input")) panel.current?.focus({ preventScroll: true });
    if (panel.current) keepInSight(panel.current, at);
  }, [panel, at]);
  return (
    <aside class="detail" ref={panel} tabIndex={-1} aria-label={`Details of ${row.name}`}>
      <header>
        <h2>
          <span class={`dot ${row.kind} ${row.tone}`} />
          <Content text={row.name} query={query} />
        </h2>
        {row.step === undefined && <span class="where">{where}</span>}
        <CopyButton label="Copy a link to this span" text={() => addressOf(row.id)}>
          Copy link
        </CopyButton>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </header>
      <div class="scrolled">
        {errors.map((error, index) => (
          // They are given, never changed.
          <ErrorCard key={index} error={error} query={query} />
        ))}
        <Facts facts={detail.facts} query={query} />
        <p class="ids">
          span <code>{row.id}</code> <CopyButton label="Copy the span's id" text={() => row.id} />
        </p>
        {causes.length > 0 && (
          <details open class="section">
            <summary>Why the context grew</summary>
            <Causes causes={causes} />
          </details>
        )}
        {(row.kind === "step" || row.kind === "loop") && inside.length > 0 && (
          <Inside rows={rows} below={inside} query={query} onOpen={onOpen} />
        )}
        {detail.sections.map((section, index) => (
          // They are given, never changed.
          <SectionView key={index} section={section} query={query} />
        ))}
        {sent.length > 0 && <SentRequest sent={sent} row={at} textOf={textOf} query={query} />}
      </div>
    </aside>
  );
}

/** A sheet from below leaves the row in sight that it is about. */
function keepInSight(panel: HTMLElement, at: number): void {
  const { top, width } = panel.getBoundingClientRect();
  const row = document.getElementById(`row-${at}`)?.getBoundingClientRect();
  if (!row || width < innerWidth || row.top < 0 || row.top > innerHeight) return;
  if (row.bottom > top) scrollBy(0, row.bottom - top + row.height);
}

function SectionView({ section, query }: { readonly section: Section; readonly query: string }) {
  return (
    <details open class="section">
      <summary>
        <Content text={section.title} query={query} />
        {section.form !== "value" && section.text.length > 1000 && (
          <span class="size">{count(section.text.length)} characters</span>
        )}
      </summary>
      {section.form === "value" ? (
        <Value value={section.value} query={query} />
      ) : (
        <TextBlock text={section.text} form={section.form} query={query} />
      )}
    </details>
  );
}
