import { isFields } from "../../text/json-fields.js";
import { Content } from "./content.js";
import { TextBlock } from "./text-block.js";

interface ValueProps {
  readonly value: unknown;
  readonly query: string;
}

/** Texts that are longer, or have several lines, stand in a block of their own. */
const MOST_INLINE = 100;

/** Any JSON; an object's fields one below the other, so that code in them can be read as code. */
export function Value({ value, query }: ValueProps) {
  if (!isFields(value)) return <TextBlock text={textOf(value)} form="code" query={query} />;
  const fields = Object.entries(value);
  if (fields.length === 0) return <p class="empty">nothing</p>;
  return (
    <dl class="fields">
      {fields.map(([name, item]) => (
        <div key={name} class="field">
          <dt>
            <Content text={name} query={query} />
          </dt>
          <dd>
            <Field value={item} query={query} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Field({ value, query }: ValueProps) {
  const text = textOf(value);
  if (text.length <= MOST_INLINE && !text.includes("\n")) {
    return (
      <code>
        <Content text={text} query={query} />
      </code>
    );
  }
  return <TextBlock text={text} form="code" query={query} />;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, undefined, 2) ?? "nothing");
}
