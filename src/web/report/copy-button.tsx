import { useEffect, useState } from "preact/hooks";
import { copyText } from "./copy-text.js";

interface CopyButtonProps {
  /** What is copied, for who does not see beside what the button stands. */
  readonly label: string;
  /** A text is read when it is copied. */
  readonly text: () => string;
  /** What stands on the button. */
  readonly children?: string;
}

/** So long it is said that the text was copied, ms. */
const SAID_MS = 1500;

export function CopyButton({ label, text, children = "Copy" }: CopyButtonProps) {
  const [copied, setCopied] = useState<boolean | null>(null);
  useEffect(() => {
    if (copied === null) return;
    const timer = setTimeout(() => setCopied(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      class="copy"
      aria-label={label}
      onClick={(event) => {
        // Within a summary it would fold what is below.
        event.preventDefault();
        event.stopPropagation();
        void copyText(text()).then(setCopied);
      }}
    >
      <span aria-live="polite">{copied === null ? children : copied ? "Copied" : "Not allowed"}</span>
    </button>
  );
}
