import type { Random } from "../../bench/random.js";

/** A kind of secret: how it stands in a text, and which part of that nobody else may read. */
export interface Kind {
  readonly name: string;
  /** Makes one of this kind. */
  readonly make: (random: Random) => Sample;
}

export interface Sample {
  readonly text: string;
  readonly secrets: readonly string[];
}

/**
 * Templates: `⟦…⟧` is secret, `{an20}` twenty letters and digits, and so on. What the tokens begin with is put together
 * at run time, so that nothing in this file has the shape of one.
 */
const TEMPLATES: Readonly<Record<string, string>> = {
  // Tokens that stand alone.
  "PyPI token": "⟦py|pi-AgEIcHlwaS5vcmc{an60}⟧",
  "Vault token": "⟦hv|s.{an90}⟧",
  "Vault batch token": "⟦hv|b.{an140}⟧",
  "DigitalOcean token": "⟦dop|_v1_{hex64}⟧",
  "DigitalOcean OAuth token": "⟦doo|_v1_{hex64}⟧",
  "Docker Hub token": "⟦dckr|_pat_{an27}⟧",
  "GitLab personal token": "⟦gl|pat-{an20}⟧",
  "GitLab deploy token": "⟦gl|dt-{an20}⟧",
  "GitLab runner token": "⟦gl|rt-{an20}⟧",
  "GitLab CI job token": "⟦gl|cbt-{an2}_{an20}⟧",
  "GitLab trigger token": "⟦gl|ptt-{hex40}⟧",
  "GitLab agent token": "⟦gl|agent-{an50}⟧",
  "GitLab feed token": "⟦gl|ft-{an20}⟧",
  "Stripe test key": "⟦sk|_test_{an24}⟧",
  "Stripe live key": "⟦sk|_live_{an24}⟧",
  "Stripe restricted key": "⟦rk|_live_{an24}⟧",
  "Stripe webhook secret": "⟦wh|sec_{an32}⟧",
  "OpenAI key": "⟦sk|-{an20}T3BlbkFJ{an20}⟧",
  "OpenAI project key": "⟦sk|-proj-{an74}T3BlbkFJ{an74}⟧",
  "OpenAI-like key": "⟦sk|-{hex32}⟧",
  "OpenAI-like key of letters and digits": "⟦sk|-{an48}⟧",
  "OpenRouter key": "⟦sk|-or-v1-{hex64}⟧",
  "Anthropic key": "⟦sk|-ant-api03-{an93}AA⟧",
  "Anthropic admin key": "⟦sk|-ant-admin01-{an93}AA⟧",
  "Groq key": "⟦gs|k_{an52}⟧",
  "xAI key": "⟦xa|i-{an80}⟧",
  "Perplexity key": "⟦pp|lx-{an48}⟧",
  "Replicate token": "⟦r8|_{an37}⟧",
  "Hugging Face token": "⟦hf|_{al34}⟧",
  "NVIDIA key": "⟦nv|api-{an64}⟧",
  "Google OAuth token": "⟦ya|29.a0Af{an120}⟧",
  "Google refresh token": "⟦1|//0g{an60}⟧",
  "Google client secret": "⟦GOC|SPX-{an28}⟧",
  "Google API key": "⟦AI|zaSy{an33}⟧",
  "RubyGems key": "⟦ruby|gems_{hex48}⟧",
  "New Relic user key": "⟦NR|AK-{up27}⟧",
  "New Relic ingest key": "⟦NR|II-{an32}⟧",
  "Heroku key": "⟦HR|KU-AA{an58}⟧",
  "Notion token": "⟦nt|n_{dig11}{an35}⟧",
  "Notion internal token": "⟦sec|ret_{an43}⟧",
  "Figma token": "⟦fi|gd_{an40}⟧",
  "Grafana service account token": "⟦gl|sa_{an32}_{hex8}⟧",
  "Grafana cloud token": "⟦gl|c_{b64x80}⟧",
  "Atlassian token": "⟦ATA|TT3xFfGF0{an160}={up8}⟧",
  "Bitbucket app password": "⟦AT|BB{an32}⟧",
  "Databricks token": "⟦da|pi{hex32}⟧",
  "Tailscale key": "⟦ts|key-auth-{an16}-{an32}⟧",
  "Tailscale API key": "⟦ts|key-api-{an16}-{an32}⟧",
  "age key": "⟦AGE-SECRET|-KEY-1{b3258}⟧",
  "GitHub token": "⟦gh|p_{an36}⟧",
  "GitHub app token": "⟦gh|s_{an36}⟧",
  "GitHub fine-grained token": "⟦github|_pat_{an22}_{an59}⟧",
  "npm token": "⟦np|m_{an36}⟧",
  "Slack bot token": "⟦xo|xb-{dig12}-{dig12}-{an24}⟧",
  "Slack app token": "⟦xa|pp-1-{up11}-{dig13}-{hex64}⟧",
  "Slack webhook": "https://hooks.slack.com/⟦services/T{up8}/B{up8}/{an24}⟧",
  "Discord webhook": "https://discord.com/api/webhooks/⟦{dig18}/{an68}⟧",
  "Discord bot token": "⟦M{an25}.{an6}.{an38}⟧",
  "Telegram bot token": "⟦{dig10}:AA{an33}⟧",
  "SendGrid key": "⟦S|G.{an22}.{an43}⟧",
  "Mailgun key": "⟦ke|y-{hex32}⟧",
  "Mailchimp key": "⟦{hex32}-us12⟧",
  "Brevo key": "⟦xkey|sib-{hex64}-{an16}⟧",
  "Resend key": "⟦re|_{an8}_{an24}⟧",
  "Twilio key": "⟦S|K{hex32}⟧",
  "Square token": "⟦sq0|atp-{an22}⟧",
  "Shopify token": "⟦shp|at_{hex32}⟧",
  "Shopify secret": "⟦shp|ss_{hex32}⟧",
  "Linear key": "⟦lin|_api_{an40}⟧",
  "Postman key": "⟦PM|AK-{hex24}-{hex34}⟧",
  "Pulumi token": "⟦pu|l-{hex40}⟧",
  "Sentry user token": "⟦sntr|yu_{hex64}⟧",
  "Doppler token": "⟦dp|.pt.{an43}⟧",
  "Dynatrace token": "⟦dt0|c01.{up24}.{up64}⟧",
  "EasyPost key": "⟦EZ|AK{an54}⟧",
  "Fly token": "⟦fo|1_{an43}⟧",
  "Infracost key": "⟦ic|o-{an32}⟧",
  "Netlify token": "⟦nf|p_{an36}⟧",
  "PlanetScale password": "⟦pscale|_pw_{an43}⟧",
  "Prefect key": "⟦pn|u_{an36}⟧",
  "ReadMe key": "⟦rd|me_{hex70}⟧",
  "Render key": "⟦rn|d_{an32}⟧",
  "Supabase key": "⟦sb|p_{hex40}⟧",
  "Airtable token": "⟦pa|t{an14}.{hex64}⟧",
  "HubSpot token": "⟦pat|-na1-{uuid}⟧",
  "Terraform token": "⟦{an14}.atlas|v1.{an67}⟧",
  "OpenShift token": "⟦sha|256~{an43}⟧",
  "CircleCI token": "⟦CCI|PAT_{an22}_{hex40}⟧",
  "Buildkite token": "⟦bk|ua_{hex40}⟧",
  "LangSmith key": "⟦lsv2|_pt_{hex32}_{hex10}⟧",
  "Langfuse key": "⟦sk|-lf-{uuid}⟧",
  "Tavily key": "⟦tv|ly-dev-{an32}⟧",
  "Pinecone key": "⟦pc|sk_{an60}⟧",
  "PostHog personal key": "⟦ph|x_{an43}⟧",
  "Clojars token": "⟦CLO|JARS_{hex60}⟧",
  "Crates token": "⟦ci|o{an32}⟧",
  "NuGet key": "⟦oy|2{lo43}⟧",
  "Artifactory key": "⟦AK|Cp{an69}⟧",
  "Alibaba key id": "⟦LT|AI{an20}⟧",
  "AWS key id": "⟦AK|IA{b3216}⟧",
  "AWS session key id": "⟦AS|IA{b3216}⟧",
  "Azure client secret": "⟦{an3}8Q|~{an34}⟧",
  "Azure storage key": "⟦{b6476}+A|St{b646}==⟧",
  "Dropbox token": "⟦s|l.{an130}⟧",
  "Facebook token": "⟦EAA|CEdEose0cBA{an120}⟧",
  "Mapbox secret token": "⟦s|k.ey|J1{an60}.{an22}⟧",
  "1Password service token": "⟦op|s_eyJ{an260}⟧",
  "SonarQube token": "⟦sq|u_{hex40}⟧",
  "Typeform token": "⟦tf|p_{an44}⟧",
  JWT: "⟦ey|J{an20}.ey|J{an60}.{an43}⟧",
  "Nostr key": "⟦nse|c1{lo58}⟧",
  "bcrypt hash": "⟦$2y|$10$|{an53}⟧",
  htpasswd: "alice:⟦$apr1|$|{an8}$|{an22}⟧",
  shadow: "alice:⟦$6|$|{an12}$|{an86}⟧:19000:0:99999:7:::",
  "Django password hash": "⟦pbkdf2_sha|256$600000$|{an22}$|{b64x43}=⟧",

  // Values of telling names.
  ".env password": "DB_PASSWORD=⟦{pw}⟧",
  ".env password of letters": "SMTP_PASSWORD=⟦{lower12}⟧",
  ".env secret, quoted": 'SESSION_SECRET="⟦{pw}⟧"',
  ".env secret, single quotes": "JWT_SECRET='⟦{pw}⟧'",
  ".env API key": "ACME_API_KEY=⟦{hex32}⟧",
  ".env token": "DEPLOY_TOKEN=⟦{an24}⟧",
  ".env passphrase": 'GPG_PASSPHRASE="⟦{word} {word} {word} {word}⟧"',
  export: "export PGPASSWORD=⟦{pw}⟧",
  "set of cmd": "set ADMIN_PASSWD=⟦{pw}⟧",
  fish: "set -gx OPENWEATHER_API_KEY ⟦{hex32}⟧",
  PowerShell: '$env:CLIENT_SECRET = "⟦{pw}⟧"',
  setx: "setx BUILD_TOKEN ⟦{an24}⟧",
  Dockerfile: "ENV MYSQL_ROOT_PASSWORD ⟦{pw}⟧",
  "docker run -e": "docker run -d -e POSTGRES_PASSWORD=⟦{pw}⟧ -p 5432:5432 db:16",
  "compose list": "    environment:\n      - MINIO_ROOT_PASSWORD=⟦{pw}⟧",
  "YAML password": "database:\n  host: db.internal\n  password: ⟦{pw}⟧\n",
  "YAML quoted": "smtp:\n  user: mailer\n  password: '⟦{pw}⟧'\n",
  "YAML API key": "datadog:\n  api_key: ⟦{hex32}⟧\n  site: eu\n",
  "YAML block": "tls:\n  private_key: |\n    ⟦{b64x64}⟧\n",
  TOML: '[auth]\nsecret_key = "⟦{an40}⟧"\n',
  INI: "[smtp]\nhost = mail.internal\npasswd = ⟦{pw}⟧\n",
  properties: "spring.datasource.username=app\nspring.datasource.password=⟦{pw}⟧\n",
  "properties with colon": "mail.smtp.password: ⟦{pw}⟧",
  "JSON camelCase": '{"user": "svc", "apiKey": "⟦{an32}⟧", "region": "eu"}',
  "JSON password": '{"host":"db","password":"⟦{pw}⟧"}',
  "JSON kebab": '{"client-secret": "⟦{an32}⟧"}',
  "JSON token": '{"access_token":"⟦{an40}⟧","expires_in":3600,"token_type":"Bearer"}',
  "JSON refresh token": '{"refreshToken": "⟦{an40}⟧"}',
  "JSON list of tokens": '{"api_tokens": ["⟦{an24}⟧", "⟦{an24}⟧"]}',
  "Django SECRET_KEY": "SECRET_KEY = 'django-insecure-⟦{dj38}⟧'",
  "Django database": "DATABASES = {\n    'default': {\n        'USER': 'app',\n        'PASSWORD': '⟦{pw}⟧',\n    }\n}",
  "Rails secret_key_base": "production:\n  secret_key_base: ⟦{hex128}⟧",
  "Rails master key": "RAILS_MASTER_KEY=⟦{hex32}⟧",
  "Laravel APP_KEY": "APP_KEY=base64:⟦{b6443}=⟧",
  "PHP array": "'db' => [\n  'username' => 'app',\n  'password' => '⟦{pw}⟧',\n],",
  "PHP define": "define( 'DB_PASSWORD', '⟦{pw}⟧' );",
  "WordPress salt": "define('AUTH_KEY', '⟦{an64}⟧');",
  "Terraform variable": 'db_password = "⟦{pw}⟧"',
  "Terraform attribute": 'resource "aws_db_instance" "x" {\n  master_password      = "⟦{pw}⟧"\n}',
  Go: 'const clientSecret = "⟦{an32}⟧"',
  Java: 'String apiToken = "⟦{an32}⟧";',
  "Kotlin typed": 'val password: String = "⟦{pw}⟧"',
  "TypeScript typed": 'const apiKey: string = "⟦{an32}⟧";',
  "Python kwarg": 'conn = connect(host="db", user="app", password="⟦{pw}⟧")',
  "Python default": 'os.environ.get("DB_PASSWORD", "⟦{pw}⟧")',
  "Python config call": "SECRET_KEY = config('SECRET_KEY', default='⟦{an50}⟧')",
  "JavaScript fallback": 'const secret = process.env.JWT_SECRET || "⟦{pw}⟧";',
  "shell default": 'echo "$|{REDIS_PASSWORD:-⟦{pw}⟧}"',
  "Ruby hash": "config[:smtp_password] = '⟦{pw}⟧'",
  "C# setter": 'builder.SetPassword("⟦{pw}⟧");',
  "C# configuration": 'Configuration["ClientSecret"] = "⟦{an32}⟧";',

  // Headers.
  "X-API-Key": "X-API-Key: ⟦{an32}⟧",
  "PRIVATE-TOKEN": 'curl --header "PRIVATE-TOKEN: ⟦{an20}⟧" https://git.internal/api/v4/projects',
  "Authorization Bearer": "Authorization: Bearer ⟦{an40}⟧",
  "Authorization Basic": "Authorization: Basic ⟦{basic}⟧",
  "Authorization Token": "authorization: token ⟦{hex40}⟧",
  "Authorization of an own scheme": "Authorization: Acme-Key ⟦{an32}⟧",
  "Authorization without scheme": "Authorization: ⟦{hex40}⟧",
  "Authorization Digest":
    'Authorization: Digest username="bob", realm="x", nonce="{hex32}", uri="/", response="⟦{hex32}⟧"',
  "Authorization AWS":
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250101/eu/s3/aws4_request, SignedHeaders=host, Signature=⟦{hex64}⟧",
  "Proxy-Authorization": "Proxy-Authorization: Basic ⟦{b64x32}⟧",
  Cookie: "Cookie: theme=dark; sessionid=⟦{an32}⟧; lang=en",
  "Set-Cookie": "Set-Cookie: connect.sid=s%3A⟦{an32}⟧; Path=/; HttpOnly",
  "X-Auth-Token": "X-Auth-Token: ⟦{an32}⟧",
  "X-Vault-Token": "X-Vault-Token: ⟦{uuid}⟧",
  "fetch headers": 'fetch(url, { headers: { "Authorization": "Bearer ⟦{an40}⟧" } })',
  "Ocp-Apim-Subscription-Key": "Ocp-Apim-Subscription-Key: ⟦{hex32}⟧",

  // Addresses.
  "URL parameter api_key": "https://api.acme.test/v1/items?api_key=⟦{an32}⟧&page=2",
  "URL parameter access_token": "GET /cb?state=1&access_token=⟦{an40}⟧ HTTP/1.1",
  "URL parameter key": "https://maps.acme.test/json?address=x&key=⟦{an39}⟧",
  SAS: "https://acct.blob.core.windows.net/c/b?sv=2022-11-02&sr=b&se=2030-01-01T00:00:00Z&sp=r&sig=⟦{an43}%3D⟧",
  "presigned S3": "https://b.s3.amazonaws.com/k?X-Amz-Expires=900&X-Amz-Signature=⟦{hex64}⟧&X-Amz-SignedHeaders=host",
  "postgres address": "postgres://app:⟦{pw}⟧@db.internal:5432/main",
  "postgres with slash and at": "postgres://app:⟦p/{an5}@{an6}⟧@db.internal/main",
  "mysql with hash and question mark": "mysql://app:⟦{an5}#{an4}?{an4}⟧@db.internal:3306/main",
  "redis address": "redis://:⟦{an16}⟧@cache.internal:6379/0",
  "mongodb+srv": "mongodb+srv://app:⟦{pw}⟧@cluster0.abcde.mongodb.net/test?retryWrites=true",
  amqp: "amqps://svc:⟦{pw}⟧@mq.internal/vhost",
  "https with password": "https://ci:⟦{pw}⟧@git.internal/acme/app.git",
  "https with token alone": "https://⟦{hex40}⟧@git.internal/acme/app.git",
  "Sentry DSN": "https://⟦{hex32}⟧@o12345.ingest.sentry.io/67890",
  "ftp of letters": "ftp://backup:⟦{lower12}⟧@files.internal/",
  proxy: "HTTPS_PROXY=http://proxyuser:⟦{pw}⟧@proxy.internal:3128",
  "Go MySQL DSN": "app:⟦{pw}⟧@tcp(db.internal:3306)/main?parseTime=true",
  "git credentials": "https://alice:⟦{an24}⟧@git.internal",

  // Files.
  ".netrc": "machine api.acme.test login deploy password ⟦{pw}⟧",
  ".netrc in lines": "machine api.acme.test\n  login deploy\n  password ⟦{pw}⟧",
  ".pgpass": "db.internal:5432:main:app:⟦{pw}⟧",
  ".npmrc authToken": "//registry.acme.test/:_authToken=⟦{uuid}⟧",
  ".npmrc auth": "_auth=⟦{b64x32}⟧",
  ".npmrc password": "//registry.acme.test/:_password=⟦{b64x24}⟧",
  ".pypirc": "[pypi]\nusername = __token__\npassword = ⟦{pw}⟧",
  ".my.cnf": "[client]\nuser=root\npassword=⟦{pw}⟧",
  JDBC: "jdbc:sqlserver://db.internal:1433;databaseName=main;user=sa;password=⟦{pw}⟧;encrypt=true",
  "JDBC parameters": "jdbc:postgresql://db.internal/main?user=app&password=⟦{an16}⟧&ssl=true",
  ADO: "Server=db.internal;Database=main;User Id=sa;Password=⟦{pw}⟧;TrustServerCertificate=true",
  ODBC: "Driver={SQL Server};Server=db;Uid=app;Pwd=⟦{pw}⟧;",
  "Azure storage connection string":
    "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=⟦{b6486}==⟧;EndpointSuffix=core.windows.net",
  "Azure service bus": "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=⟦{b6443}=⟧",
  "Azure IoT": "HostName=h.azure-devices.net;DeviceId=d1;SharedAccessKey=⟦{b6443}=⟧",
  "AWS credentials": "[default]\naws_access_key_id = AKIA{b3216}\naws_secret_access_key = ⟦{b6440}⟧",
  "AWS session token": "aws_session_token = ⟦{b64x200}⟧",
  "GCP service account":
    '{"type": "service_account", "private_key_id": "⟦{hex40}⟧", "private_key": "-----BEGIN PRIVATE KEY-----\\n⟦{pem64}⟧\\n⟦{pem64}⟧\\n⟦{pem32}⟧\\n-----END PRIVATE KEY-----\\n"}',
  "kubeconfig token": "users:\n- name: admin\n  user:\n    token: ⟦{an60}⟧",
  "kubeconfig key": "    client-key-data: ⟦{b64x200}⟧",
  "Kubernetes Secret":
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  login: ⟦{b64x16}⟧\n  whatever: ⟦{b64x24}⟧\n",
  "Kubernetes Secret, stringData": "kind: Secret\nstringData:\n  connection: ⟦{pw}⟧\n",
  "Kubernetes env": '        env:\n        - name: DB_PASSWORD\n          value: "⟦{pw}⟧"\n',
  "ECS env": '[{"name": "API_SECRET", "value": "⟦{pw}⟧"}]',
  "docker config": '{"auths": {"https://index.docker.io/v1/": {"auth": "⟦{basic}⟧"}}}',
  "Maven settings": "<server><id>nexus</id><username>ci</username><password>⟦{pw}⟧</password></server>",
  "NuGet.config": '<add key="ClearTextPassword" value="⟦{pw}⟧" />',
  "web.config": '<add key="ApiSecret" value="⟦{an32}⟧"/>',
  "Android strings": '<string name="maps_api_key">⟦{an39}⟧</string>',
  plist: "<key>APIKey</key>\n\t<string>⟦{an32}⟧</string>",
  "Ansible vars": "ansible_become_pass: ⟦{pw}⟧",
  "Ansible inventory": "web1 ansible_host=10.0.0.1 ansible_user=root ansible_password=⟦{pw}⟧",
  WireGuard: "[Interface]\nPrivateKey = ⟦{b6443}=⟧\nAddress = 10.0.0.2/32",
  wpa_supplicant: 'network={\n  ssid="home"\n  psk="⟦{pw}⟧"\n}',
  "redis.conf": "requirepass ⟦{pw}⟧",
  Gradle: "signing.password=⟦{pw}⟧\nstorePassword=⟦{pw}⟧",
  "JSON web key": '{"kty":"EC","crv":"P-256","x":"{an43}","d":"⟦{an43}⟧"}',
  TOTP: "otpauth://totp/Acme:bob?secret=⟦{b3232}⟧&issuer=Acme",
  "RSA key":
    "-----BEGIN RSA PRIVATE KEY-----\n⟦{pem64}⟧\n⟦{pem64}⟧\n⟦{pem64}⟧\n⟦{pem20}==⟧\n-----END RSA PRIVATE KEY-----",
  "OpenSSH key":
    "-----BEGIN OPENSSH PRIVATE KEY-----\n⟦{pem70}⟧\n⟦{pem70}⟧\n⟦{pem70}⟧\n-----END OPENSSH PRIVATE KEY-----",
  "EC key": "-----BEGIN EC PRIVATE KEY-----\n⟦{pem64}⟧\n⟦{pem64}⟧\n⟦{pem32}==⟧\n-----END EC PRIVATE KEY-----",
  "encrypted key":
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{hexu32}\n\n⟦{pem64}⟧\n⟦{pem64}⟧\n-----END RSA PRIVATE KEY-----",
  "PGP key":
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n⟦{pem64}⟧\n⟦{pem64}⟧\n=Ab1d\n-----END PGP PRIVATE KEY BLOCK-----",
  "PuTTY key":
    "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 2\n⟦{pem64}⟧\n⟦{pem44}⟧\nPrivate-MAC: {hex64}",
  "OpenVPN static key":
    "-----BEGIN OpenVPN Static key V1-----\n⟦{hex32}⟧\n⟦{hex32}⟧\n-----END OpenVPN Static key V1-----",

  // Commands.
  "curl -u": "curl -u admin:⟦{pw}⟧ https://jenkins.internal/api/json",
  "curl --user": "curl --user 'admin:⟦{pw}⟧' -X POST https://nexus.internal/",
  "curl -H": "curl -s -H 'X-Auth-Key: ⟦{hex37}⟧' https://api.acme.test",
  "mysql -p": "mysql -h db.internal -u root -p⟦{pw}⟧ main -e 'select 1'",
  "PGPASSWORD psql": "PGPASSWORD=⟦{pw}⟧ psql -h db.internal -U app main",
  "redis-cli -a": "redis-cli -h cache.internal -a ⟦{pw}⟧ ping",
  sshpass: "sshpass -p ⟦{pw}⟧ ssh root@10.0.0.5",
  "docker login": "docker login -u ci -p ⟦{pw}⟧ registry.internal",
  "--password": "mytool import --user bob --password ⟦{pw}⟧ file.csv",
  "--password of letters": "mytool import --user bob --password ⟦{lower12}⟧ file.csv",
  "--token=": "npx deploy --token=⟦{an24}⟧ --prod",
  "--api-key": "mytool --api-key '⟦{an32}⟧' list",
  mongosh: "mongosh --host db -u admin -p ⟦{pw}⟧ --authenticationDatabase admin",
  "kubectl create secret": "kubectl create secret generic db --from-literal=password=⟦{pw}⟧",
  "aws configure set": "aws configure set aws_secret_access_key ⟦{b6440}⟧",
  "openssl passin": "openssl rsa -in k.pem -passin pass:⟦{pw}⟧ -out o.pem",
  ldapsearch: "ldapsearch -x -D cn=admin,dc=x -w ⟦{pw}⟧ -b dc=x",
  "SQL role": "CREATE ROLE app LOGIN PASSWORD '⟦{pw}⟧';",
  "SQL identified by": "CREATE USER 'app'@'%' IDENTIFIED BY '⟦{pw}⟧';",
  "htpasswd -b": "htpasswd -b .htpasswd bob ⟦{pw}⟧",
  "zip -P": "zip -P ⟦{pw}⟧ -r out.zip dir",
  keytool: "keytool -list -keystore k.jks -storepass ⟦{pw}⟧",
  chpasswd: "echo 'bob:⟦{pw}⟧' | chpasswd",
  "password-stdin": "echo ⟦{pw}⟧ | docker login -u ci --password-stdin registry.internal",
  "heroku config": "heroku config:set SECRET_TOKEN=⟦{an32}⟧",
  "GitHub Actions env": "env:\n  NODE_ENV: test\n  SIGNING_KEY: ⟦{an40}⟧",
  "npm config set": "npm config set //registry.acme.test/:_authToken ⟦{an36}⟧",
  "gh secret set": "gh secret set DB_PASSWORD --body ⟦{pw}⟧",
  "7z -p": "7z x -p⟦{pw}⟧ backup.7z",
  SecureString: 'ConvertTo-SecureString "⟦{pw}⟧" -AsPlainText -Force',
  "SQL set password": "SET PASSWORD FOR 'app'@'%' = '⟦{pw}⟧';",
  "Oracle JDBC": "jdbc:oracle:thin:scott/⟦{pw}⟧@//db.internal:1521/main",
  sqlplus: "sqlplus scott/⟦{pw}⟧@orcl",
  "setting element": '<setting name="ApiKey"><value>⟦{an32}⟧</value></setting>',
  "YAML list": "api_tokens:\n  - ⟦{an24}⟧\n  - ⟦{an24}⟧\n",
  "table of users": "username,password,role\nbob,⟦{pw}⟧,admin\nana,⟦{pw}⟧,user",
  "system property": "java -Dspring.datasource.password=⟦{pw}⟧ -jar app.jar",
  "seed phrase": "seed phrase: ⟦{phrase}⟧",
  router: "username admin password 7 ⟦{hexu14}⟧",
  prose: "The admin password is ⟦{pw}⟧ on staging.",
  label: "Password: ⟦{pw}⟧",
  "Markdown table": "| variable | value |\n|---|---|\n| ADMIN_PASSWORD | ⟦{pw}⟧ |",
};

const ALPHABETS: Readonly<Record<string, string>> = {
  an: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
  al: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
  hex: "0123456789abcdef",
  hexu: "0123456789ABCDEF",
  up: "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
  lo: "abcdefghijklmnopqrstuvwxyz0123456789",
  lower: "abcdefghijklmnopqrstuvwxyz",
  dig: "123456789",
  b32: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
  b64: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  b64x: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
  pem: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  dj: "abcdefghijklmnopqrstuvwxyz0123456789!@#%^*-_=+",
};
const WORDS = ["copper", "lantern", "orbit", "meadow", "velvet", "harbor", "cactus", "ripple"] as const;

function made(random: Random, code: string): string {
  if (code === "pw")
    return `${drawn(random, "an", random.whole(5, 8))}${random.pick(["!", "#", "%", "*", "-", "_", "+", "."])}${drawn(random, "dig", 2)}${drawn(random, "al", 3)}`;
  if (code === "basic") return Buffer.from(`svc:${made(random, "pw")}`).toString("base64");
  if (code === "word") return random.pick(WORDS);
  if (code === "phrase") return Array.from({ length: 12 }, () => drawn(random, "lower", random.whole(3, 8))).join(" ");
  if (code === "uuid") return [8, 4, 4, 4, 12].map((length) => drawn(random, "hex", length)).join("-");
  const [, alphabet = "", length = ""] = /^(b64x|b64|b32|hexu|hex|pem|[a-z]+?)(\d+)$/.exec(code) ?? [];
  return drawn(random, alphabet, Number(length));
}

function drawn(random: Random, alphabet: string, length: number): string {
  const letters = ALPHABETS[alphabet];
  if (letters === undefined) throw new Error(`no alphabet ${alphabet}`);
  let text = "";
  while (text.length < length) text += letters.charAt(random.whole(0, letters.length - 1));
  // Real ones have digits, as good as always.
  return length > 7 && /^(?:an|hex|up|lo|b64|b64x|b32|pem|dj)$/.test(alphabet) && !/\d/.test(text)
    ? `${text.slice(0, -1)}7`
    : text;
}

export const KINDS: readonly Kind[] = Object.entries(TEMPLATES).map(([name, template]) => ({
  name,
  make: (random) => {
    const filled = template
      .replaceAll(/(?<=[⟦\w.+}$-])\|(?=[\w{$~./-])/g, "")
      .replaceAll(/\{(pw|word|uuid|basic|phrase|[a-z]+\d*x?\d+)\}/g, (_, code: string) => made(random, code));
    const secrets = [...filled.matchAll(/⟦([^⟧]+)⟧/g)].map(([, secret = ""]) => secret);
    return { text: filled.replaceAll(/[⟦⟧]/g, ""), secrets };
  },
}));
