// The URL that a measurement archive is read at, made one for all its spellings. Private to lib/mesh.
#pragma once

#include "lib/error.hpp"
#include "lib/mesh/document.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// Lower-case host, default port dropped, one trailing slash; a missing scheme (if there is a dotted host)
/// and a missing path are added. Refuses SOAP services, addresses that `rules` exclude and what is no URL at
/// all.
[[nodiscard]] Result<MeasurementArchive> normal_read_url(std::string_view text, const DocumentRules& rules);

/// https://H[:p]/logstash, where results are pushed to, says where they can be read:
/// https://H[:p]/esmond/perfsonar/archive/
[[nodiscard]] Result<std::string> read_url_of_logstash(std::string_view push_url);
/// And where the OpenSearch behind it can be asked itself: https://H[:p]/opensearch/
[[nodiscard]] std::optional<std::string> search_url_of_logstash(std::string_view push_url);

} // namespace meshprobe
