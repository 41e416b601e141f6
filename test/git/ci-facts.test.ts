import { expect, test } from "vitest";
import { ciFacts } from "../../src/git/ci-facts.js";

const none = { workspace: undefined, branch: null, pullRequest: null };

test.each([
  ["no CI", { GITHUB_REF: "refs/pull/1/merge" }, undefined],
  [
    "GitHub, a pull request",
    {
      ...{
        GITHUB_ACTIONS: "true",
        GITHUB_REF: "refs/pull/12/merge",
        GITHUB_HEAD_REF: "fix/one",
        GITHUB_WORKSPACE: "/repo",
      },
      ...{ GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "acme/shop" },
    },
    { workspace: "/repo", branch: "fix/one", pullRequest: { number: 12, url: "https://github.com/acme/shop/pull/12" } },
  ],
  [
    "GitHub, a push",
    { GITHUB_ACTIONS: "true", GITHUB_REF: "refs/heads/fix/one", GITHUB_HEAD_REF: "" },
    { ...none, branch: "fix/one" },
  ],
  ["GitHub, a tag", { GITHUB_ACTIONS: "true", GITHUB_REF: "refs/tags/v1" }, none],
  [
    "GitLab, a merge request",
    {
      ...{ GITLAB_CI: "true", CI_MERGE_REQUEST_IID: "3", CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: "fix" },
      ...{ CI_MERGE_REQUEST_PROJECT_URL: "https://gitlab.com/a/b", CI_PROJECT_DIR: "/repo" },
    },
    {
      ...{ workspace: "/repo", branch: "fix" },
      pullRequest: { number: 3, url: "https://gitlab.com/a/b/-/merge_requests/3" },
    },
  ],
  ["GitLab, a push", { GITLAB_CI: "true", CI_COMMIT_BRANCH: "main" }, { ...none, branch: "main" }],
  [
    "Bitbucket",
    {
      ...{ BITBUCKET_BUILD_NUMBER: "1", BITBUCKET_BRANCH: "fix", BITBUCKET_PR_ID: "4" },
      BITBUCKET_GIT_HTTP_ORIGIN: "https://bitbucket.org/a/b",
    },
    { ...none, branch: "fix", pullRequest: { number: 4, url: "https://bitbucket.org/a/b/pull-requests/4" } },
  ],
  [
    "Azure",
    {
      ...{ TF_BUILD: "True", SYSTEM_PULLREQUEST_PULLREQUESTID: "77", BUILD_SOURCEBRANCH: "refs/pull/77/merge" },
      SYSTEM_PULLREQUEST_SOURCEBRANCH: "refs/heads/fix",
    },
    { ...none, branch: "fix", pullRequest: { number: 77, url: null } },
  ],
  [
    "CircleCI",
    { CIRCLECI: "true", CIRCLE_BRANCH: "fix", CIRCLE_PULL_REQUEST: "https://github.com/a/b/pull/9" },
    { ...none, branch: "fix", pullRequest: { number: 9, url: "https://github.com/a/b/pull/9" } },
  ],
  [
    "Buildkite, no pull request",
    { BUILDKITE: "true", BUILDKITE_BRANCH: "main", BUILDKITE_PULL_REQUEST: "false" },
    { ...none, branch: "main" },
  ],
  [
    "Jenkins",
    {
      JENKINS_URL: "https://ci",
      CHANGE_ID: "5",
      CHANGE_URL: "https://git/5",
      CHANGE_BRANCH: "fix",
      WORKSPACE: "/repo",
    },
    { workspace: "/repo", branch: "fix", pullRequest: { number: 5, url: "https://git/5" } },
  ],
])("%s", (_, env, expected) => {
  expect(ciFacts(env)).toEqual(expected);
});
