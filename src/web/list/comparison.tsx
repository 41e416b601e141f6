import { useEffect, useState } from "preact/hooks";
import type { ComparedPart, ComparedSession, ComparisonData } from "../data/comparison.js";
import { Content } from "../report/content.js";

interface ComparisonProps {
  readonly ids: readonly [string, string];
  readonly onClose: () => void;
}

type Answer = { readonly data: ComparisonData } | { readonly problem: string };

/** Two sessions side by side, turn by turn, sums at the end. */
export function Comparison({ ids, onClose }: ComparisonProps) {
  const [a, b] = ids;
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    let isGone = false;
    setAnswer(null);
    const ask = async (): Promise<Answer> => {
      const response = await fetch(`compare/${encodeURIComponent(a)}/${encodeURIComponent(b)}`);
      // The page and the server are one program.
      return response.ok ? { data: await response.json() } : { problem: await response.text() };
    };
    ask()
      .catch(() => ({ problem: "looptrace view has ended." }))
      .then((got) => {
        if (!isGone) setAnswer(got);
      });
    return () => {
      isGone = true;
    };
  }, [a, b]);
  return (
    <>
      <nav class="compared-back">
        <button type="button" class="link" onClick={onClose}>
          ← All sessions
        </button>
      </nav>
      {answer === null && <p class="status">reading both sessions…</p>}
      {answer && "problem" in answer && <p class="failure">{answer.problem}</p>}
      {answer && "data" in answer && <Compared data={answer.data} />}
    </>
  );
}

function Compared({ data: { a, b, parts } }: { readonly data: ComparisonData }) {
  return (
    <>
      <div class="heads">
        <Head side="A" session={a} />
        <Head side="B" session={b} />
      </div>
      {parts.map((part) => (
        <Part key={part.title} part={part} />
      ))}
    </>
  );
}

function Head({
  side,
  session: { id, title, about },
}: {
  readonly side: "A" | "B";
  readonly session: ComparedSession;
}) {
  return (
    <section class="head">
      <h2>
        <b class="side">{side}</b>{" "}
        <a href={`sessions/${id}`}>
          <Content text={title.trim() || id} />
        </a>
      </h2>
      <p class="hint">{about}</p>
      <p class="hint">{id}</p>
    </section>
  );
}

function Part({ part: { title, facts, parting, isSame, notes, rows } }: { readonly part: ComparedPart }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {facts.map(({ label, a, b, isBad }) => (
        <p key={label} class={isBad ? "fact failure" : "fact"}>
          <b>{label}</b> <Content text={a === b || b === "" ? a : a === "" ? b : `A ${a} · B ${b}`} />
        </p>
      ))}
      {isSame && <p class="fact">Every step writes the same and calls the same tools.</p>}
      {parting && (
        <div class="parting">
          <p>
            <b>They part</b> in <Content text={parting.where} />
          </p>
          <p>
            <b class="side">A</b> <Content text={parting.a} />
          </p>
          <p>
            <b class="side">B</b> <Content text={parting.b} />
          </p>
        </div>
      )}
      {notes.map((note) => (
        <p key={note} class="fact lacking">
          <Content text={note} />
        </p>
      ))}
      <div class="wide">
        <table class="figures-list">
          <thead>
            <tr>
              <th scope="col">
                <span class="unseen">Figure</span>
              </th>
              <th scope="col" class="number">
                A
              </th>
              <th scope="col" class="number">
                B
              </th>
              <th scope="col" class="number">
                B − A
              </th>
              <th scope="col" class="number">
                %
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              // Names of parts stand there more than once.
              <tr key={index} class={row.minor ? "minor" : undefined}>
                <th scope="row">
                  <Content text={row.label} />
                </th>
                <td class="number">{row.a}</td>
                <td class="number">{row.b}</td>
                <td class={`number ${row.isMore === null ? "" : row.isMore ? "more-of" : "less-of"}`}>
                  {row.difference}
                </td>
                <td class="number">{row.percent}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
