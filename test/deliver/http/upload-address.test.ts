import { expect, test } from "vitest";
import { unfitForUpload } from "../../../src/deliver/http/upload-address.js";

const why = (address: string, langfuse = "https://langfuse.example.com/"): string | undefined =>
  unfitForUpload(new URL(address), new URL(langfuse));

test.each([
  ["https://bucket.s3.eu-west-1.amazonaws.com/a?X-Amz-Signature=1"],
  ["https://minio.internal:9000/a"],
  ["https://10.0.0.7/a"],
])("%s may be written to", (address) => {
  expect(why(address)).toBeUndefined();
});

test.each([
  ["https://127.0.0.1/a", "on this machine"],
  ["https://localhost:9000/a", "on this machine"],
  ["https://[::1]/a", "on this machine"],
  ["https://[::ffff:127.0.0.1]/a", "on this machine"],
  ["https://0.0.0.0/a", "on this machine"],
  ["https://2130706433/a", "on this machine"],
  ["https://169.254.169.254/latest", "on this machine"],
  ["https://[fe80::1]/a", "on this machine"],
  ["http://bucket.example.com/a", "not encrypted"],
  ["file:///etc/passwd", "begins with file:"],
  ["https://user:password@bucket.example.com/a", "a user and a password"],
])("%s may not", (address, reason) => {
  expect(why(address)).toContain(reason);
});

test("a Langfuse on this machine may keep its files here", () => {
  expect(why("http://localhost:9090/a", "http://127.0.0.1:3000/")).toBeUndefined();
  expect(why("http://bucket.example.com/a", "http://langfuse.internal/")).toBeUndefined();
});
