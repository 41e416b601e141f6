import { count } from "../../text/format.js";
import type { TokenPoint } from "../data/report-data.js";
import { Content } from "./content.js";

/** What made a call's context grow, each cause with its tokens. */
export function Causes({ causes }: { readonly causes: TokenPoint["causes"] }) {
  const largest = Math.max(1, ...causes.map(({ tokens }) => Math.abs(tokens)));
  return (
    <ul class="causes">
      {causes.map(({ text, tokens }, index) => (
        // Two results of one tool are told apart by their places alone.
        <li key={index}>
          <span class="tokens">{signed(tokens)}</span>
          <span class="share">
            <span class={tokens < 0 ? "less" : "grown"} style={{ width: `${(Math.abs(tokens) / largest) * 100}%` }} />
          </span>
          <Content text={text} />
        </li>
      ))}
    </ul>
  );
}

/** `+1,200`, `−300`. */
export function signed(tokens: number): string {
  return `${tokens < 0 ? "−" : "+"}${count(Math.abs(tokens))}`;
}
