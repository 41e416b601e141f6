/**
 * The prompt as the person typed it.
 *
 * `opencode run "do the task"` stores the text with quotes around it: every argument that contains a space is wrapped
 * in `"` and its own quotes are escaped. A text that is exactly one such argument is unwrapped; anything else (several
 * arguments, quotes that a person typed somewhere inside) stays as it is.
 */
export function promptText(stored: string): string {
  if (stored.length < 2 || !stored.startsWith('"') || !stored.endsWith('"')) return stored;
  const inner = stored.slice(1, -1);
  // opencode wraps only what contains a space, and leaves no quote in it unescaped.
  if (!inner.includes(" ") || /(^|[^\\])"/.test(inner)) return stored;
  return inner.replaceAll('\\"', '"');
}
