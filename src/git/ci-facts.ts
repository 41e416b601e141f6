/** What the variables of a CI say of the branch and the pull request that it works for. */
import type { Environment } from "./ask-git.js";
import { branchOf, type PullRequest } from "./git-facts.js";

export interface CiFacts {
  /** The folder that it has checked out; undefined where it does not say. */
  readonly workspace: string | undefined;
  /** The branch: of a pull request the one that is to be merged. */
  readonly branch: string | null;
  readonly pullRequest: PullRequest | null;
}

/** What one CI says. Of several that set the same variables the first one counts. */
type Reader = (env: Environment) => CiFacts | undefined;

/** @returns undefined where no known CI is at work */
export function ciFacts(env: Environment): CiFacts | undefined {
  for (const reader of READERS) {
    const facts = reader(env);
    if (facts) return facts;
  }
  return undefined;
}

const READERS: readonly Reader[] = [
  // Gitea and Forgejo set the same variables.
  (env) => {
    if (!env.GITHUB_ACTIONS) return undefined;
    const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_REF: ref = "" } = env;
    const number = numberOf(/^refs\/pull\/(\d+)\//.exec(ref)?.[1]);
    const page = server && repository ? `${server}/${repository}/pull/` : undefined;
    return {
      workspace: env.GITHUB_WORKSPACE,
      branch: env.GITHUB_HEAD_REF || branchOf(ref),
      pullRequest: requestOf(number, page),
    };
  },
  (env) => {
    if (!env.GITLAB_CI) return undefined;
    const number = numberOf(env.CI_MERGE_REQUEST_IID ?? env.CI_EXTERNAL_PULL_REQUEST_IID);
    const project = env.CI_MERGE_REQUEST_PROJECT_URL;
    return {
      workspace: env.CI_PROJECT_DIR,
      branch: env.CI_MERGE_REQUEST_SOURCE_BRANCH_NAME || env.CI_COMMIT_BRANCH || null,
      pullRequest: requestOf(number, project ? `${project}/-/merge_requests/` : undefined),
    };
  },
  (env) => {
    if (!env.BITBUCKET_BUILD_NUMBER) return undefined;
    const origin = env.BITBUCKET_GIT_HTTP_ORIGIN;
    return {
      workspace: env.BITBUCKET_CLONE_DIR,
      branch: env.BITBUCKET_BRANCH || null,
      pullRequest: requestOf(numberOf(env.BITBUCKET_PR_ID), origin ? `${origin}/pull-requests/` : undefined),
    };
  },
  (env) => {
    if (!env.TF_BUILD) return undefined;
    const number = env.SYSTEM_PULLREQUEST_PULLREQUESTNUMBER ?? env.SYSTEM_PULLREQUEST_PULLREQUESTID;
    return {
      workspace: env.BUILD_SOURCESDIRECTORY,
      branch: branchOf(env.SYSTEM_PULLREQUEST_SOURCEBRANCH) ?? branchOf(env.BUILD_SOURCEBRANCH),
      pullRequest: requestOf(numberOf(number), undefined),
    };
  },
  (env) => {
    if (!env.CIRCLECI) return undefined;
    const url = env.CIRCLE_PULL_REQUEST || undefined;
    return {
      workspace: undefined,
      branch: env.CIRCLE_BRANCH || null,
      pullRequest: url ? { number: numberOf(/\/(\d+)\/?$/.exec(url)?.[1]), url } : null,
    };
  },
  (env) => {
    if (!env.BUILDKITE) return undefined;
    return {
      workspace: env.BUILDKITE_BUILD_CHECKOUT_PATH,
      branch: env.BUILDKITE_BRANCH || null,
      // "false" where there is none.
      pullRequest: requestOf(numberOf(env.BUILDKITE_PULL_REQUEST), undefined),
    };
  },
  (env) => {
    if (!env.JENKINS_URL) return undefined;
    const number = numberOf(env.CHANGE_ID);
    return {
      workspace: env.WORKSPACE,
      branch: env.CHANGE_BRANCH || env.BRANCH_NAME || null,
      pullRequest: number === null ? null : { number, url: env.CHANGE_URL || null },
    };
  },
];

function requestOf(number: number | null, page: string | undefined): PullRequest | null {
  return number === null ? null : { number, url: page === undefined ? null : `${page}${number}` };
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null;
}
