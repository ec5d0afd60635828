// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/completion.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace scarp::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kScript = R"(# bash completion of scarp: source <(scarp --completion bash)
_scarp() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} verb=${{COMP_WORDS[1]}}
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "{verbs} --help --version --json-usage --completion" -- "$word"))
    return
  fi
  case "$verb $before" in
{choices}  esac
  if [[ $word == -* ]]; then
    case "$verb" in
{flags}    esac
  fi
}}
complete -o default -o bashdefault -F _scarp scarp
)";

std::string joined(const Json& words) {
  std::string text;
  for (const Json& word : words) text += (text.empty() ? "" : " ") + word.get<std::string>();
  return text;
}

/// One case for each flag that takes one of a few words.
std::string choice_cases(const Json& verb) {
  std::string cases;
  for (const Json& argument : verb["arguments"]) {
    if (!argument.contains("choices")) continue;
    for (const Json& flag : argument["flags"]) {
      cases +=
          fmt::format("    \"{} {}\") COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n",
                      verb["name"].get<std::string>(), flag.get<std::string>(), joined(argument["choices"]));
    }
  }
  return cases;
}

std::string flag_case(const Json& verb) {
  std::string all = "--help";
  for (const Json& argument : verb["arguments"]) {
    if (!argument["flags"].empty()) all += " " + joined(argument["flags"]);
  }
  return fmt::format("      {}) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")) ;;\n",
                     verb["name"].get<std::string>(), all);
}

}  // namespace

std::string bash_completion(const Json& usage) {
  std::string verbs, choices, flags;
  for (const Json& verb : usage["verbs"]) {
    verbs += (verbs.empty() ? "" : " ") + verb["name"].get<std::string>();
    choices += choice_cases(verb);
    flags += flag_case(verb);
  }
  return fmt::format(kScript, fmt::arg("verbs", verbs), fmt::arg("choices", choices),
                     fmt::arg("flags", flags));
}

}  // namespace scarp::cli
