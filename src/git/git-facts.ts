import { z } from "zod";

/** A pull request, or what the host of the repository calls one. */
export const pullRequest = z.object({
  /** As the host counts them; null where only its address is known. */
  number: z.number().int().nullable(),
  /** Its page; null where it is not known. */
  url: z.string().nullable(),
});
export type PullRequest = z.infer<typeof pullRequest>;

/** What a working directory stood on. Kept beside a session, hence a schema. */
export const gitFacts = z.object({
  /** Null where the HEAD was detached and nothing else names a branch, and where it is not known. */
  branch: z.string().nullable(),
  /** 40 or 64 hexadecimal digits; null where it is not known. */
  commit: z.string().nullable(),
  /** What a CI works for; null where it says so of none, and without a CI. */
  pullRequest: pullRequest.nullable(),
});
export type GitFacts = z.infer<typeof gitFacts>;

/** The branch of a full name (`refs/heads/…`): a short one would have more in it where a tag is called the same. */
export function branchOf(ref: string | undefined): string | null {
  return /^refs\/heads\/(.+)$/.exec(ref ?? "")?.[1] ?? null;
}
