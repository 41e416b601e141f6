import { DIGITS, LETTERS } from "./characters.js";
import type { ValueStrength } from "./secret-values.js";

/** What one kind of token looks like: how it begins, and what follows. */
export interface Shape {
  readonly label: string;
  readonly prefix: string;
  /** A regular expression of what follows, without any part that could be matched in two ways. */
  readonly rest: RegExp;
  /** So many characters of those that tokens are made of follow at least; 0 where that is not known. */
  readonly least: number;
  /** Whether letters and digits must both stand in it: words of a text or of code have the same shape. */
  readonly isMixed: boolean;
  /** Of an address that holds a secret: how many characters of the prefix stay. */
  readonly kept: number;
}

function shape(
  label: string,
  prefixes: string,
  rest: string,
  { mixed = true, kept = false }: { readonly mixed?: boolean; readonly kept?: boolean } = {},
): readonly Shape[] {
  const pattern = new RegExp(rest, "y");
  const least = leastOf(rest);
  return prefixes.split(" ").map((prefix) => ({
    label,
    prefix,
    rest: pattern,
    least,
    isMixed: mixed,
    kept: kept ? prefix.length : 0,
  }));
}

/** What tokens are made of. */
const TOKEN_CODES = new Uint8Array(1 << 16);
for (const character of `${LETTERS}${DIGITS}_-+/.=`) {
  TOKEN_CODES[character.charCodeAt(0)] = 1;
}

export function isTokenPart(code: number): boolean {
  return TOKEN_CODES[code] === 1;
}

/** As far as a shape begins with a class of such characters, or with looks ahead before one. */
function leastOf(rest: string): number {
  const { 1: one, 2: least } = /^(?:\(\?=[^)]*\))*(\[[\w+/.=\\-]+\]|\\[dw])\{(\d+)/.exec(rest) ?? [];
  return one === undefined ? 0 : Number(least);
}

const UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

/**
 * Tokens that their makers gave a prefix by which they can be told, so far as secretlint's rules for Node 20 do not
 * know them, know them in part, or want them only in files of certain names. Public keys (`pk_live_…`) are none.
 */
export const SHAPES: readonly Shape[] = [
  // Models and what is built around them.
  ...shape("ANTHROPIC_KEY", "sk-ant-", "[a-z]+\\d\\d-[\\w-]{20,}"),
  ...shape("OPENAI_KEY", "sk-proj- sk-svcacct- sk-admin- sk-None-", "[\\w-]{20,}"),
  ...shape("OPENROUTER_KEY", "sk-or-", "[\\w-]{20,}"),
  ...shape("LANGFUSE_SECRET_KEY", "sk-lf-", "[\\w-]{20,}"),
  ...shape("LITELLM_KEY", "sk-litellm-", "[\\w-]{16,}"),
  ...shape("API_KEY", "sk-", "[A-Za-z0-9]{20,}(?![\\w-])"),
  ...shape("API_KEY", "sk-", "(?=[\\w-]{0,80}\\d)(?=[\\w-]{0,80}[A-Z])[\\w-]{32,}"),
  ...shape("GOOGLE_KEY", "AQ.Ab", "[\\w-]{40,}"),
  ...shape("GROQ_KEY", "gsk_", "[A-Za-z0-9]{20,}"),
  ...shape("XAI_KEY", "xai-", "[A-Za-z0-9]{20,}"),
  ...shape("PERPLEXITY_KEY", "pplx-", "[A-Za-z0-9]{20,}"),
  ...shape("REPLICATE_TOKEN", "r8_", "[A-Za-z0-9]{20,}"),
  ...shape("HUGGINGFACE_TOKEN", "hf_ api_org_", "[A-Za-z0-9]{30,}", { mixed: false }),
  ...shape("TOGETHER_KEY", "tgp_v1_", "[\\w-]{43,}"),
  ...shape("NVIDIA_KEY", "nvapi-", "[\\w-]{30,}"),
  ...shape("CEREBRAS_KEY", "csk-", "[a-z0-9]{30,}"),
  ...shape("FIREWORKS_KEY", "fw_ fpk_", "[A-Za-z0-9]{20,}(?![\\w])"),
  ...shape("LANGSMITH_KEY", "lsv2_pt_ lsv2_sk_ ls__", "[a-z0-9_]{20,}"),
  ...shape("TAVILY_KEY", "tvly-", "[\\w-]{20,}"),
  ...shape("FIRECRAWL_KEY", "fc-", "[0-9a-f]{32}(?!\\w)"),
  ...shape("JINA_KEY", "jina_", "[A-Za-z0-9_-]{30,}"),
  ...shape("VOYAGE_KEY", "pa-", "[\\w-]{40,}"),
  ...shape("PINECONE_KEY", "pcsk_", "\\w{30,}"),
  ...shape("APIFY_TOKEN", "apify_api_", "[A-Za-z0-9]{20,}"),
  ...shape("E2B_KEY", "e2b_", "[0-9a-f]{20,}"),
  ...shape("API_KEY", "key_", "[0-9a-f]{64}(?!\\w)"),
  ...shape("API_KEY", "essu_", "[\\w+/-]{50,}={0,2}"),
  ...shape("BROWSERBASE_KEY", "bb_live_ bb_test_", "[\\w-]{16,}"),
  ...shape("RUNPOD_KEY", "rpa_", "[A-Z0-9]{30,}"),
  ...shape("ELEVENLABS_KEY", "sk_", "[0-9a-f]{40,}(?!\\w)"),
  ...shape("COHERE_KEY", "co-", "[A-Za-z0-9]{40}(?!\\w)"),
  ...shape("EXA_KEY", "exa_", "[A-Za-z0-9-]{24,}"),
  ...shape("WANDB_KEY", "wandb_v1_ local-", "[0-9a-zA-Z_]{40,}"),

  // Forges, packages and builds.
  ...shape("GITHUB_TOKEN", "ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9]{36,}"),
  ...shape("GITHUB_TOKEN", "github_pat_", "[A-Za-z0-9_]{40,}"),
  ...shape(
    "GITLAB_TOKEN",
    "glpat- gldt- glrt- glrtr- glptt- glft- glsoat- glcbt- glimt- glagent- gloas- glffct- glwt- glptr-",
    "[\\w.-]{18,}",
  ),
  ...shape("GITLAB_TOKEN", "GR1348941", "[\\w-]{20}"),
  ...shape("BITBUCKET_TOKEN", "ATBB", "[A-Za-z0-9]{28,}"),
  ...shape("ATLASSIAN_TOKEN", "ATATT ATCTT ATSTT", "[\\w=.+/-]{24,}"),
  ...shape("NPM_TOKEN", "npm_", "[A-Za-z0-9]{36}"),
  ...shape("PYPI_TOKEN", "pypi-", "[\\w-]{30,}"),
  ...shape("RUBYGEMS_KEY", "rubygems_", "[0-9a-f]{40,}"),
  ...shape("CRATES_TOKEN", "cio", "[A-Za-z0-9]{32}(?![\\w])"),
  ...shape("NUGET_KEY", "oy2", "[a-z0-9]{43}(?![\\w])"),
  ...shape("CLOJARS_TOKEN", "CLOJARS_", "[A-Za-z0-9]{40,}"),
  ...shape("DOCKER_TOKEN", "dckr_pat_ dckr_oat_", "[\\w-]{20,}"),
  ...shape("ARTIFACTORY_KEY", "AKCp cmVmdGtu", "[A-Za-z0-9]{40,}"),
  ...shape("CIRCLECI_TOKEN", "CCIPAT_ CCIPRJ_", "[\\w-]{20,}"),
  ...shape("BUILDKITE_TOKEN", "bkua_ bkct_ bkat_ bkpt_", "[A-Za-z0-9]{24,}"),
  ...shape("SOURCEGRAPH_TOKEN", "sgp_ slk_ sgs_", "[\\w]{40,}"),
  ...shape("POSTMAN_KEY", "PMAK-", "[0-9a-fA-F]{24}-[0-9a-fA-F]{30,}"),
  ...shape("OCTOPUS_KEY", "API-", "[A-Z0-9]{26,}(?![\\w])"),
  ...shape("SONAR_TOKEN", "squ_ sqp_ sqa_", "[0-9a-f]{40}"),
  ...shape("SNYK_TOKEN", "snyk_uat. snyk_sat.", "[\\w.-]{20,}"),
  ...shape("README_KEY", "rdme_", "[a-z0-9]{40,}"),
  ...shape("WAKATIME_KEY", "waka_", UUID),
  ...shape("JENKINS_TOKEN", "11", "[0-9a-f]{32}(?![\\w])(?=[\\s\"'@]|$)"),
  ...shape("HARNESS_TOKEN", "pat. sat.", "[\\w-]{22}\\.[A-Za-z0-9]{24}\\.[A-Za-z0-9]{20}"),
  ...shape("INFRACOST_KEY", "ico-", "[A-Za-z0-9]{32}"),
  ...shape("DEPENDABOT_TOKEN", "v1.", "[0-9a-f]{40}(?![\\w.])"),

  // Clouds and hosts.
  ...shape("AWSAccessKeyID", "AKIA ASIA ABIA ACCA", "[A-Z0-9]{16}(?![A-Za-z0-9])"),
  ...shape("AWS_BEDROCK_KEY", "ABSK", "[A-Za-z0-9+/]{40,}={0,2}"),
  ...shape("AWS_BEDROCK_KEY", "bedrock-api-key-", "[A-Za-z0-9+/]{20,}={0,2}"),
  ...shape("AWS_MWS_TOKEN", "amzn.mws.", UUID),
  ...shape("GOOGLE_API_KEY", "AIza", "[\\w-]{35}(?![\\w-])"),
  ...shape("GOOGLE_TOKEN", "ya29.", "[\\w.-]{20,}"),
  ...shape("GOOGLE_REFRESH_TOKEN", "1//0", "[\\w-]{30,}"),
  ...shape("GOOGLE_CLIENT_SECRET", "GOCSPX-", "[\\w-]{20,}"),
  ...shape("GOOGLE_HMAC_KEY", "GOOG1", "[A-Z0-9]{40,}"),
  ...shape("ALIBABA_KEY", "LTAI", "[A-Za-z0-9]{12,24}(?!\\w)"),
  ...shape("TENCENT_KEY", "AKID", "[A-Za-z0-9]{32}(?!\\w)"),
  ...shape("BAIDU_KEY", "bce-v3/ALTAK-", "[\\w/-]{30,}"),
  ...shape("YANDEX_KEY", "AQVN", "[\\w-]{35,38}(?![\\w-])"),
  ...shape("YANDEX_TOKEN", "y0_ t1.", "[\\w-]{40,}(?:\\.[\\w-]{80,})?={0,2}"),
  ...shape("SCALEWAY_KEY", "SCW", "[A-Z0-9]{17}(?!\\w)"),
  ...shape("DIGITALOCEAN_TOKEN", "dop_v1_ doo_v1_ dor_v1_", "[0-9a-f]{40,}"),
  ...shape("DIGITALOCEAN_SPACES_KEY", "DO00", "[A-Z0-9]{16}(?!\\w)"),
  ...shape("HEROKU_KEY", "HRKU-", "[\\w-]{30,}"),
  ...shape("NETLIFY_TOKEN", "nfp_ nfc_ nfo_ nfu_ nfb_", "[A-Za-z0-9]{30,}"),
  ...shape("VERCEL_TOKEN", "vcp_ vci_ vca_ vcr_ vck_ vercel_blob_rw_", "\\w{20,}"),
  ...shape("FLY_TOKEN", "fo1_ fm1r_ fm1a_ fm2_", "[\\w+/=-]{40,}"),
  ...shape("RENDER_KEY", "rnd_", "[A-Za-z0-9]{24,}"),
  ...shape("CLOUDFLARE_KEY", "v1.0-", "[0-9a-f]{24}-[0-9a-f]{100,}"),
  ...shape("CLOUDFLARE_TOKEN", "cfut_ cfat_ cfk_", "[\\w-]{30,}"),
  ...shape("SUPABASE_KEY", "sbp_ sb_secret_", "[\\w-]{20,}"),
  ...shape("PLANETSCALE_TOKEN", "pscale_tkn_ pscale_pw_ pscale_oauth_", "[\\w=.-]{30,}"),
  ...shape("NEON_KEY", "napi_", "[a-z0-9]{40,}"),
  ...shape("XATA_KEY", "xau_", "[A-Za-z0-9]{30,}"),
  ...shape("PREFECT_KEY", "pnu_ pnb_", "[A-Za-z0-9]{36}"),
  ...shape("SCALINGO_TOKEN", "tk-us-", "[\\w-]{40,}"),
  ...shape("OPENSHIFT_TOKEN", "sha256~", "[\\w-]{43}"),
  ...shape("TAILSCALE_KEY", "tskey- tskey-api- tskey-auth- tskey-client- tskey-webhook-", "[\\w-]{12,}"),
  ...shape("AKAMAI_TOKEN", "akab-", "[a-z0-9]{16}-[a-z0-9]{16}(?![.\\w])"),
  ...shape("DATABRICKS_TOKEN", "dapi dkea dose", "[0-9a-f]{32}(?:-\\d)?(?!\\w)"),
  ...shape("DOPPLER_TOKEN", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", "[\\w.-]{30,}"),
  ...shape("PULUMI_TOKEN", "pul-", "[0-9a-f]{40}"),
  ...shape("VAULT_TOKEN", "hvs. hvb. hvr.", "[\\w-]{20,}"),
  ...shape("VAULT_TOKEN", "s. b.", "(?=[A-Za-z]{0,23}\\d)[A-Za-z0-9]{24}(?![\\w.(])"),
  ...shape("INFISICAL_TOKEN", "st.", `${UUID}\\.[0-9a-f]{20,}`),
  ...shape("ONEPASSWORD_KEY", "A3-", "[A-Z0-9]{6}-[A-Z0-9]{5,11}(?:-[A-Z0-9]{5,6}){3,4}"),
  ...shape("ONEPASSWORD_TOKEN", "ops_eyJ", "[\\w+/=-]{40,}"),
  ...shape("AGE_SECRET_KEY", "AGE-SECRET-KEY-1 AGE-SECRET-KEY-PQ-1 AGE-PLUGIN-YUBIKEY-1", "[A-Z0-9]{40,}"),
  ...shape("CONFLUENT_KEY", "cflt", "[\\w+/]{50,}"),

  // What watches and what sends.
  ...shape("NEW_RELIC_KEY", "NRAK- NRJS- NRAA- NRRA- NRSP- NRII- NRIQ- NRBR- NRAL-", "[\\w-]{16,}"),
  ...shape("GRAFANA_TOKEN", "glsa_ glc_ glp_", "[\\w+/=-]{28,}"),
  ...shape("GRAFANA_TOKEN", "eyJrIjoi", "[A-Za-z0-9]{40,}={0,3}"),
  ...shape("SENTRY_TOKEN", "sntrys_ sntryu_ sntryi_", "[\\w+/=-]{40,}"),
  ...shape("DYNATRACE_TOKEN", "dt0c01. dt0s01. dt0s02. dt0s08. dt0s16.", "[A-Z0-9]{8,24}\\.[A-Z0-9]{40,}"),
  ...shape("HONEYCOMB_KEY", "hcaik_ hcamk_ hcxik_ hcxmk_ hcbik_ hcalk_", "[a-z0-9]{26,}"),
  ...shape("DATADOG_KEY", "ddapp_ ddp_", "[A-Za-z0-9]{30,}"),
  ...shape("POSTHOG_KEY", "phx_ phs_", "[A-Za-z0-9]{30,}"),
  ...shape("LAUNCHDARKLY_KEY", "sdk- mob- api-", UUID),
  ...shape("STATSIG_KEY", "secret-", "[A-Za-z0-9]{40,}"),
  ...shape("PAGERDUTY_KEY", "pdus+_", "[\\w+-]{18,}"),
  ...shape("SLACK_TOKEN", "xapp- xoxe.xoxb- xoxe.xoxp-", "[\\w-]{20,}"),
  ...shape("SLACK_TOKEN", "xox", "[a-z]-[\\w-]{10,}"),
  ...shape("SENDGRID_KEY", "SG.", "[\\w-]{16,32}\\.[\\w-]{30,}"),
  ...shape("MAILGUN_KEY", "key-", "[0-9a-f]{32}(?!\\w)"),
  ...shape("MAILGUN_KEY", "pubkey-", "[0-9a-f]{32}(?!\\w)"),
  ...shape("BREVO_KEY", "xkeysib- xsmtpsib-", "[0-9a-f]{40,}(?:-[A-Za-z0-9]+)?"),
  ...shape("RESEND_KEY", "re_", "[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}"),
  ...shape("MANDRILL_KEY", "md-", "[A-Za-z0-9_-]{22}(?![\\w-])"),
  ...shape("TWILIO_KEY", "SK", "[0-9a-f]{32}(?!\\w)"),
  ...shape("TWITCH_TOKEN", "oauth:", "[a-z0-9]{30}(?!\\w)"),
  ...shape("FACEBOOK_TOKEN", "EAAC EAAM EAAB EAAG", "[A-Za-z0-9]{40,}"),
  ...shape("INSTAGRAM_TOKEN", "IGQV IGAA", "[\\w-]{60,}"),
  ...shape("CLICKUP_TOKEN", "pk_", "\\d{5,10}_[A-Z0-9]{32}"),
  ...shape("LINEAR_KEY", "lin_api_ lin_oauth_ lin_wh_", "[A-Za-z0-9]{30,}"),
  ...shape("NOTION_TOKEN", "ntn_", "[A-Za-z0-9]{30,}"),
  ...shape("NOTION_TOKEN", "secret_", "[A-Za-z0-9]{40,}(?!\\w)"),
  ...shape("FIGMA_TOKEN", "figd_ figo_ figoh_ figu_ figur_", "[\\w-]{20,}"),
  ...shape("AIRTABLE_TOKEN", "pat", "[A-Za-z0-9]{14}\\.[0-9a-f]{64}"),
  ...shape("AIRTABLE_KEY", "key", "(?=[a-z]{0,13}[A-Z0-9])(?=[A-Za-z]{0,13}\\d)[A-Za-z0-9]{14}(?![\\w.(-])"),
  ...shape("TRELLO_TOKEN", "ATTA", "[0-9a-f]{60,}"),
  ...shape("HUBSPOT_TOKEN", "pat-na1- pat-na2- pat-eu1- pat-ap1-", UUID),
  ...shape("TYPEFORM_TOKEN", "tfp_", "[\\w-]{40,}"),
  ...shape("CONTENTFUL_TOKEN", "CFPAT-", "[\\w-]{40,}"),
  ...shape("DROPBOX_TOKEN", "sl.", "[\\w-]{60,}"),
  ...shape("FRAMEIO_TOKEN", "fio-u-", "[\\w=-]{60,}"),
  ...shape("MAPBOX_TOKEN", "sk. tk.", "eyJ[\\w-]{20,}\\.[\\w-]{16,}"),

  // Money and shops.
  ...shape("STRIPE_KEY", "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_ sk_org_", "[A-Za-z0-9_]{16,}"),
  ...shape("WEBHOOK_SECRET", "whsec_", "[A-Za-z0-9+/=_-]{16,}"),
  ...shape("SVIX_KEY", "testsk_ sk_eu_ sk_us_", "[\\w.-]{20,}"),
  ...shape("SQUARE_TOKEN", "sq0atp- sq0csp-", "[\\w-]{20,}"),
  ...shape("SQUARE_TOKEN", "EAAA", "[\\w-]{56,60}(?![\\w-])"),
  ...shape("SHOPIFY_TOKEN", "shpat_ shpca_ shppa_ shpss_ shpua_ shptka_ atkn_", "[A-Za-z0-9]{30,}"),
  ...shape("PADDLE_KEY", "pdl_live_apikey_ pdl_sdbx_apikey_ pdl_ntfset_", "\\w{20,}"),
  ...shape("FLUTTERWAVE_KEY", "FLWSECK_TEST- FLWSECK-", "[A-Za-z0-9]{12,}(?:-X)?"),
  ...shape("RAZORPAY_KEY", "rzp_live_ rzp_test_", "[A-Za-z0-9]{14,}"),
  ...shape("MOLLIE_KEY", "live_ test_", "[A-Za-z0-9]{30,}(?!\\w)"),
  ...shape("PAYPAL_TOKEN", "access_token$", "\\w+\\$[\\w$]{30,}"),
  ...shape("PLAID_TOKEN", "access-sandbox- access-production- access-development-", UUID),
  ...shape("EASYPOST_KEY", "EZAK EZTK", "[A-Za-z0-9]{54}"),
  ...shape("DUFFEL_TOKEN", "duffel_test_ duffel_live_", "[\\w=-]{40,}"),
  ...shape("SHIPPO_TOKEN", "shippo_live_ shippo_test_", "[0-9a-fA-F]{40}"),
  ...shape("WOOCOMMERCE_KEY", "ck_ cs_", "[0-9a-f]{40}(?!\\w)"),
  ...shape("ADOBE_SECRET", "p8e-", "[\\w-]{32}"),
  ...shape("ADYEN_KEY", "AQE", "[A-Za-z0-9+/=]{60,}-[\\w+/=]{30,}-[\\w=<>;:.^*&%$#@!~?,(){}|-]{10,30}"),
  ...shape("BASE64_ENCODED_JWT", "ZXlK", "[A-Za-z0-9+/=_-]{80,}"),

  // Of no maker.
  ...shape("JWT", "eyJ", "[\\w-]{8,}\\.eyJ[\\w-]{8,}\\.[\\w-]{8,}(?:\\.[\\w-]{8,}\\.[\\w-]{8,})?"),
  ...shape("JWT", "eyJ", "[\\w-]{16,}\\.[\\w-]{0,400}\\.[\\w-]{8,}\\.[\\w-]{16,}\\.[\\w-]{16,}"),
  ...shape("PASSWORD_HASH", "$2", "[abxy]?\\$\\d\\d\\$[./A-Za-z0-9]{53}"),
  ...shape("PASSWORD_HASH", "$apr1$", "[./A-Za-z0-9]{1,16}\\$[./A-Za-z0-9]{22}"),
  ...shape(
    "PASSWORD_HASH",
    "$1$ $5$ $6$ $7$ $y$",
    "(?:rounds=\\d{1,9}\\$)?[./A-Za-z0-9]{1,40}\\$(?:[./A-Za-z0-9]{1,60}\\$)?[./A-Za-z0-9]{22,}",
  ),
  ...shape("PASSWORD_HASH", "$argon2i$ $argon2d$ $argon2id$", "v=\\d+\\$[\\w=,]{1,60}\\$[\\w+/]{8,}\\$[\\w+/]{16,}"),
  ...shape("PASSWORD_HASH", "$scrypt$", "[\\w=,]{1,60}\\$[\\w+/=]{8,}\\$[\\w+/=]{16,}"),
  ...shape(
    "PASSWORD_HASH",
    "pbkdf2_sha1$ pbkdf2_sha256$ pbkdf2_sha512$ bcrypt_sha256$ scrypt$ argon2$ sha1$",
    "[\\w$]{1,60}\\$[\\w+/=$]{16,}",
  ),
  ...shape(
    "PASSWORD_HASH",
    "{SHA} {SSHA} {SHA256} {SSHA256} {SHA512} {SSHA512} {CRYPT} {MD5} {SMD5}",
    "[\\w+/=$.]{20,}",
  ),
  ...shape("DISCORD_TOKEN", "M N O", "[A-Za-z\\d]{22,26}\\.[\\w-]{6}\\.[\\w-]{27,40}(?![.\\w-])"),
  ...shape("ASANA_TOKEN", "1/ 2/", "\\d{10,20}(?:/\\d{10,20})?:[0-9a-f]{32}(?!\\w)"),

  // Chains of blocks.
  ...shape("NOSTR_KEY", "nsec1", "[a-z0-9]{58}"),
  ...shape("EXTENDED_PRIVATE_KEY", "xprv yprv zprv tprv", "[1-9A-HJ-NP-Za-km-z]{100,}"),
  ...shape("STELLAR_SECRET", "S", "(?=[A-Z]{0,54}[2-7])[A-Z2-7]{55}(?!\\w)"),

  // Addresses that let in all who know them: where they lead stays.
  ...shape("SLACK_WEBHOOK", "https://hooks.slack.com/", "(?:services|workflows|triggers)/[\\w/+-]{20,}", {
    kept: true,
  }),
  ...shape(
    "DISCORD_WEBHOOK",
    "https://discord.com/api/webhooks/ https://discordapp.com/api/webhooks/ https://canary.discord.com/api/webhooks/ https://ptb.discord.com/api/webhooks/",
    "\\d{10,}/[\\w-]{30,}",
    { kept: true },
  ),
  ...shape("ZAPIER_WEBHOOK", "https://hooks.zapier.com/hooks/catch/", "\\d+/[\\w/]{5,}", { kept: true }),
  ...shape("TELEGRAM_TOKEN", "https://api.telegram.org/bot", "\\d{6,}:[\\w-]{30,}", { kept: true }),
];

/**
 * Shapes that have no prefix, but something in their middle by which they are looked for; and how strong a value must be
 * where the shape alone does not tell.
 */
export const AROUND: readonly (readonly [label: string, word: string, pattern: RegExp, least?: ValueStrength])[] = [
  // In code the same word stands before names of functions and fields.
  ["SIGNATURE", "Signature=", /(?<=[?&;]Signature=)[\w%+/~-]{24,}={0,2}(?![\w%+/~(.=-])/g, 3],
  ["TERRAFORM_TOKEN", ".atlasv1.", /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,}/g],
  ["TELEGRAM_TOKEN", ":AA", /(?<![\w-])\d{8,10}:AA[\w-]{32,35}(?![\w-])/g],
  ["AZURE_CLIENT_SECRET", "Q~", /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~-])/g],
  ["AZURE_DEVOPS_TOKEN", "AZDO", /(?<!\w)[A-Za-z0-9]{70,80}AZDO[A-Za-z0-9]{4}(?!\w)/g],
  // Where Microsoft's own scanners look for it, so that no other 64 bytes are taken for a key.
  ...["AIoT", "+ASt", "+AMC", "ACDb", "AzFu", "AzSe"].map(
    (word) =>
      [
        "AZURE_KEY",
        word,
        new RegExp(
          `(?<![\\w/-])(?<![^\\n]\\+)[A-Za-z0-9+/]{76}${word.replace("+", "\\+")}[A-Za-z0-9+/]{1,10}==(?![\\w=])`,
          "g",
        ),
      ] as const,
  ),
  ["AZURE_KEY", "JQQJ99", /(?<!\w)[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}(?!\w)/g],
  ["MAXMIND_KEY", "_mmk", /(?<!\w)[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?!\w)/g],
  // By its first digit: `-us` alone stands in many a text.
  ...Array.from(
    { length: 10 },
    (_, digit) =>
      ["MAILCHIMP_KEY", `-us${digit}`, new RegExp(`(?<!\\w)[0-9a-f]{32}-us${digit}\\d?(?!\\w)`, "g")] as const,
  ),
  ["SALESFORCE_TOKEN", "!AQ", /(?<!\w)00D[A-Za-z0-9]{12,15}![\w.]{60,}/g],
  [
    "TEAMS_WEBHOOK",
    "webhook.office.com/",
    /(?<=webhook\.office\.com\/)webhookb2\/[\w@-]{36,}\/IncomingWebhook\/[\w/-]{32,}/g,
  ],
];
