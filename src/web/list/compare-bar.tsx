import type { ComponentChildren } from "preact";

interface CompareBarProps {
  readonly ticked: readonly string[];
  /** How a session is called. */
  readonly titleOf: (id: string) => ComponentChildren;
  readonly onCompare: (ids: readonly [string, string]) => void;
  readonly onClear: () => void;
}

/** What is ticked to be compared; it stays in sight. */
export function CompareBar({ ticked, titleOf, onCompare, onClear }: CompareBarProps) {
  const [a, b] = ticked;
  if (a === undefined) return null;
  return (
    <aside class="compare" aria-label="Compare">
      <p>
        <b class="side">A</b> {titleOf(a)}
      </p>
      <p>
        {b === undefined ? (
          "Tick another session to compare."
        ) : (
          <>
            <b class="side">B</b> {titleOf(b)}
          </>
        )}
      </p>
      <span>
        <button
          type="button"
          class="primary"
          disabled={b === undefined}
          onClick={() => b !== undefined && onCompare([a, b])}
        >
          Compare
        </button>{" "}
        <button type="button" onClick={onClear}>
          Clear
        </button>
      </span>
    </aside>
  );
}
