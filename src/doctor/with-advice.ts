/** Takes an error's message apart, which says in its first sentence what is wrong, and then what to do. */
export function withAdvice(message: string): { readonly found: string; readonly advice: string | null } {
  const end = /\.\s+(?=[A-Z])/.exec(message);
  if (!end) return { found: message, advice: null };
  return { found: message.slice(0, end.index), advice: message.slice(end.index + end[0].length) };
}
