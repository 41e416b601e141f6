/** A header's value as it is sent: `fetch` takes blanks around it for none of its own, `node:http` refuses line breaks. */
export function headerValue(value: string): string {
  return value.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
}
