// Where the text of a limit document comes from, as the configuration names it.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"
#include "probe/limit/pscheduler/identifier.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace meshprobe::pscheduler {

/// Instead of a document a file may hold a single URL, where the document is: refresh keeps a copy of it,
/// like of lists. nullopt: `text` is something else.
[[nodiscard]] std::optional<ListSource> document_url(std::string_view text);

/// As it stands in the file, or in the configuration.
[[nodiscard]] Result<std::string> read_written_text(const Limit& limit);
/// The document itself; `configuration` error where there is no copy yet.
[[nodiscard]] Result<std::string> read_document_text(const Paths& paths, const Limit& limit);

} // namespace meshprobe::pscheduler
