// SPDX-License-Identifier: MIT
// The formats of tokens by which services and scanners of repositories recognise them: prefix, characters, length.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// The characters after a prefix.
enum class token_set : std::uint8_t {
  hex,      ///< hexadecimal digits
  uuid,     ///< hexadecimal digits and `-`
  upper,    ///< capitals and digits
  letters,  ///< letters and digits
  words,    ///< also `_` and `-`
  dotted,   ///< also `.` and `=`
  base64,   ///< also `+`, `/` and `=`
};

/// A token is this prefix and at least `shortest` of these characters.
struct token_form {
  std::string_view prefix;
  token_set set;
  std::size_t shortest;
};

/// Sorted by the first character of the prefix. Prefixes that contain a dot are in `dotted_token_forms`.
inline constexpr std::array token_forms{
    token_form{"A3-", token_set::words, 30},     // 1Password
    token_form{"ABSK", token_set::base64, 100},  // AWS Bedrock
    token_form{"AGE-SECRET-KEY-", token_set::upper, 50},
    token_form{"AIza", token_set::words, 30},     // Google
    token_form{"AKCp", token_set::letters, 60},   // Artifactory
    token_form{"AKID", token_set::letters, 32},   // Tencent Cloud
    token_form{"API-", token_set::upper, 26},     // Octopus Deploy
    token_form{"AQVN", token_set::words, 35},     // Yandex Cloud
    token_form{"ATATT3", token_set::dotted, 50},  // Atlassian
    token_form{"ATBB", token_set::letters, 28},   // Bitbucket
    token_form{"ATCTT3", token_set::dotted, 50},  // Atlassian
    token_form{"CCIPAT_", token_set::words, 40},  // CircleCI
    token_form{"CFPAT-", token_set::words, 40},   // Contentful
    token_form{"CLOJARS_", token_set::letters, 50},
    token_form{"EAA", token_set::letters, 80},   // Facebook
    token_form{"EAAA", token_set::words, 40},    // Square
    token_form{"EZAK", token_set::letters, 50},  // EasyPost
    token_form{"EZTK", token_set::letters, 50},
    token_form{"FLWSECK", token_set::words, 12},    // Flutterwave
    token_form{"GOCSPX-", token_set::words, 20},    // Google OAuth
    token_form{"GR1348941", token_set::words, 20},  // GitLab
    token_form{"HRKU-", token_set::words, 32},      // Heroku
    token_form{"K10", token_set::hex, 64},          // K3s
    token_form{"LTAI", token_set::letters, 16},     // Alibaba Cloud
    token_form{"NRAK-", token_set::upper, 20},      // New Relic
    token_form{"NRJS-", token_set::hex, 19},
    token_form{"PMAK-", token_set::words, 50},               // Postman
    token_form{"SWMTKN-1-", token_set::words, 60},           // Docker Swarm
    token_form{"access-development-", token_set::uuid, 36},  // Plaid
    token_form{"access-production-", token_set::uuid, 36},
    token_form{"access-sandbox-", token_set::uuid, 36},
    token_form{"aio_", token_set::letters, 28},       // Adafruit
    token_form{"api_org_", token_set::letters, 30},   // Hugging Face
    token_form{"bb_live_", token_set::words, 24},     // Browserbase
    token_form{"bkua_", token_set::hex, 40},          // Buildkite
    token_form{"cal_live_", token_set::letters, 32},  // Cal.com
    token_form{"cio", token_set::letters, 32},        // crates.io
    token_form{"cmVmd", token_set::letters, 55},      // Artifactory
    token_form{"dapi", token_set::hex, 32},           // Databricks
    token_form{"dckr_oat_", token_set::words, 20},    // Docker
    token_form{"dckr_pat_", token_set::words, 20},
    token_form{"doo_v1_", token_set::hex, 40},  // DigitalOcean
    token_form{"dop_v1_", token_set::hex, 40},
    token_form{"dor_v1_", token_set::hex, 40},
    token_form{"duffel_live_", token_set::dotted, 40},
    token_form{"duffel_test_", token_set::dotted, 40},
    token_form{"e2b_", token_set::hex, 40},     // E2B
    token_form{"fc-", token_set::hex, 32},      // Firecrawl
    token_form{"figd_", token_set::words, 20},  // Figma
    token_form{"figo_", token_set::words, 20},
    token_form{"fio-u-", token_set::dotted, 40},  // Frame.io
    token_form{"fm1a_", token_set::base64, 60},   // Fly.io
    token_form{"fm1r_", token_set::base64, 60},
    token_form{"fm2_", token_set::base64, 60},
    token_form{"fo1_", token_set::words, 40},
    token_form{"gho_", token_set::letters, 20},  // GitHub
    token_form{"ghp_", token_set::letters, 20},
    token_form{"ghr_", token_set::letters, 20},
    token_form{"ghs_", token_set::letters, 20},
    token_form{"ghu_", token_set::letters, 20},
    token_form{"github_pat_", token_set::words, 30},
    token_form{"glagent-", token_set::words, 30},  // GitLab
    token_form{"glc_", token_set::base64, 32},     // Grafana Cloud
    token_form{"glcbt-", token_set::words, 20},
    token_form{"gldt-", token_set::words, 20},
    token_form{"glffct-", token_set::words, 20},
    token_form{"glft-", token_set::words, 20},
    token_form{"glimt-", token_set::words, 20},
    token_form{"gloas-", token_set::words, 40},
    token_form{"glpat-", token_set::dotted, 18},
    token_form{"glptt-", token_set::hex, 30},
    token_form{"glrt-", token_set::dotted, 18},
    token_form{"glsa_", token_set::words, 32},  // Grafana
    token_form{"glsoat-", token_set::words, 20},
    token_form{"gsk_", token_set::letters, 40},      // Groq
    token_form{"hf_", token_set::letters, 30},       // Hugging Face
    token_form{"ico-", token_set::letters, 32},      // Intercom
    token_form{"key-", token_set::hex, 32},          // Mailgun
    token_form{"lin_api_", token_set::letters, 30},  // Linear
    token_form{"lin_oauth_", token_set::letters, 30},
    token_form{"live_", token_set::hex, 32},       // Lob
    token_form{"lsv2_pt_", token_set::words, 40},  // LangSmith
    token_form{"lsv2_sk_", token_set::words, 40},
    token_form{"mdb_sa_sk_", token_set::words, 30},  // MongoDB Atlas
    token_form{"napi_", token_set::letters, 40},     // Neon
    token_form{"nfp_", token_set::letters, 32},      // Netlify
    token_form{"npm_", token_set::letters, 30},
    token_form{"ntn_", token_set::letters, 40},    // Notion
    token_form{"nvapi-", token_set::words, 40},    // NVIDIA
    token_form{"ops_eyJ", token_set::base64, 60},  // 1Password
    token_form{"oy2", token_set::letters, 43},     // NuGet
    token_form{"p8e-", token_set::letters, 32},    // Adobe
    token_form{"pat-eu1-", token_set::uuid, 36},   // HubSpot
    token_form{"pat-na1-", token_set::uuid, 36},
    token_form{"pcsk_", token_set::words, 60},           // Pinecone
    token_form{"phx_", token_set::letters, 40},          // PostHog
    token_form{"pnu_", token_set::letters, 30},          // Prefect
    token_form{"polar_oat_", token_set::letters, 30},    // Polar
    token_form{"pplx-", token_set::letters, 40},         // Perplexity
    token_form{"pscale_oauth_", token_set::dotted, 30},  // PlanetScale
    token_form{"pscale_pw_", token_set::dotted, 30},
    token_form{"pscale_tkn_", token_set::dotted, 30},
    token_form{"pul-", token_set::hex, 40},  // Pulumi
    token_form{"pypi-", token_set::words, 50},
    token_form{"r8_", token_set::letters, 30},       // Replicate
    token_form{"rdme_", token_set::letters, 50},     // ReadMe
    token_form{"rk_live_", token_set::letters, 10},  // Stripe
    token_form{"rk_prod_", token_set::letters, 10},
    token_form{"rk_test_", token_set::letters, 10},
    token_form{"rnd_", token_set::letters, 28},  // Render
    token_form{"rpa_", token_set::letters, 40},  // RunPod
    token_form{"rubygems_", token_set::hex, 40},
    token_form{"rzp_live_", token_set::letters, 14},  // Razorpay
    token_form{"rzp_test_", token_set::letters, 14},
    token_form{"s-s4t2ud-", token_set::hex, 40},     // 42
    token_form{"sb_secret_", token_set::words, 20},  // Supabase
    token_form{"sbp_", token_set::hex, 32},
    token_form{"sdk-", token_set::uuid, 36},        // LaunchDarkly
    token_form{"secret_", token_set::letters, 40},  // Notion
    token_form{"sgp_", token_set::words, 40},       // Sourcegraph
    token_form{"shippo_live_", token_set::hex, 32},
    token_form{"shippo_test_", token_set::hex, 32},
    token_form{"shpat_", token_set::hex, 24},  // Shopify
    token_form{"shpca_", token_set::hex, 24},
    token_form{"shppa_", token_set::hex, 24},
    token_form{"shpss_", token_set::hex, 24},
    token_form{"signkey-prod-", token_set::hex, 32},  // Inngest
    token_form{"sk-", token_set::letters, 20},        // OpenAI and others
    token_form{"sk-admin-", token_set::words, 30},
    token_form{"sk-ant-", token_set::words, 20},  // Anthropic
    token_form{"sk-lf-", token_set::uuid, 36},    // Langfuse
    token_form{"sk-or-v1-", token_set::hex, 40},  // OpenRouter
    token_form{"sk-proj-", token_set::words, 20},
    token_form{"sk-svcacct-", token_set::words, 30},
    token_form{"sk_live_", token_set::letters, 10},      // Stripe
    token_form{"sk_org_live_", token_set::letters, 10},  // Stripe
    token_form{"sk_org_test_", token_set::letters, 10},
    token_form{"sk_prod_", token_set::letters, 10},
    token_form{"sk_test_", token_set::letters, 10},
    token_form{"sm_aat_", token_set::letters, 16},  // Settlemint
    token_form{"sm_pat_", token_set::letters, 16},
    token_form{"sm_sat_", token_set::letters, 16},
    token_form{"sntrys_", token_set::base64, 40},  // Sentry
    token_form{"sntryu_", token_set::hex, 40},
    token_form{"sq0atp-", token_set::words, 20},  // Square
    token_form{"sq0csp-", token_set::words, 30},
    token_form{"sqa_", token_set::hex, 40},  // SonarQube
    token_form{"sqp_", token_set::hex, 40},
    token_form{"squ_", token_set::hex, 40},
    token_form{"tfp_", token_set::dotted, 50},      // Typeform
    token_form{"tgp_v1_", token_set::words, 40},    // Together
    token_form{"tk-us-", token_set::words, 40},     // Scalingo
    token_form{"tskey-", token_set::words, 20},     // Tailscale
    token_form{"tvly-", token_set::words, 30},      // Tavily
    token_form{"u-s4t2ud-", token_set::hex, 40},    // 42
    token_form{"vck_", token_set::letters, 24},     // Vercel
    token_form{"vcp_", token_set::letters, 24},     // Vercel
    token_form{"wandb_v1_", token_set::words, 40},  // Weights & Biases
    token_form{"whsec_", token_set::base64, 24},    // Stripe
    token_form{"xai-", token_set::letters, 60},
    token_form{"xapp-", token_set::words, 20},     // Slack
    token_form{"xkeysib-", token_set::words, 60},  // Brevo
    token_form{"xoxa-", token_set::words, 10},     // Slack
    token_form{"xoxb-", token_set::words, 10},
    token_form{"xoxc-", token_set::words, 10},
    token_form{"xoxd-", token_set::words, 10},
    token_form{"xoxe-", token_set::words, 10},
    token_form{"xoxo-", token_set::words, 10},
    token_form{"xoxp-", token_set::words, 10},
    token_form{"xoxr-", token_set::words, 10},
    token_form{"xoxs-", token_set::words, 10},
    token_form{"xsmtpsib-", token_set::words, 60},  // Brevo
};

/// Prefixes that end with a dot, or with `~`.
inline constexpr std::array dotted_token_forms{
    token_form{"SG.", token_set::dotted, 40},      // SendGrid
    token_form{"dp.ct.", token_set::letters, 30},  // Doppler
    token_form{"dp.pt.", token_set::letters, 30},
    token_form{"dp.sa.", token_set::letters, 30},
    token_form{"dp.st.", token_set::dotted, 30},
    token_form{"dt0c01.", token_set::dotted, 60},  // Dynatrace
    token_form{"hvb.", token_set::words, 60},      // Vault
    token_form{"hvr.", token_set::words, 60},
    token_form{"hvs.", token_set::words, 20},
    token_form{"pat.", token_set::dotted, 50},       // Harness
    token_form{"sat.", token_set::dotted, 50},       // Harness
    token_form{"sha256~", token_set::words, 40},     // OpenShift
    token_form{"snyk_sat.", token_set::dotted, 40},  // Snyk
    token_form{"snyk_uat.", token_set::dotted, 40},
    token_form{"amzn.mws.", token_set::uuid, 36},   // Amazon MWS
    token_form{"v1.", token_set::words, 150},       // Cloudflare Origin CA
    token_form{"sl.", token_set::words, 60},        // Dropbox
    token_form{"v1.local.", token_set::words, 40},  // PASETO
    token_form{"v2.local.", token_set::words, 40},
    token_form{"v4.local.", token_set::words, 40},
    token_form{"ya29.", token_set::words, 30},  // Google OAuth
};

}  // namespace fapilog::inline v0_1::detail
