// What is wrong with one text value, in words; nothing if it is good. For codec::Text and codec::List.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace meshprobe::check {

/// `words` has blanks between them.
[[nodiscard]] bool is_one_of(std::string_view word, std::string_view words);

/// A path (it has a '/', and must then begin with one) or the name of a credential.
[[nodiscard]] std::string path_or_credential(std::string_view text);
[[nodiscard]] std::string absolute_path(std::string_view text);
[[nodiscard]] std::string json(std::string_view text);       ///< any value, or nothing at all
[[nodiscard]] std::string pin(std::string_view text);        ///< sha256//BASE64
[[nodiscard]] std::string connect_to(std::string_view text); ///< lib/connect_to.hpp
[[nodiscard]] std::string address(std::string_view text);    ///< IPv4 or IPv6, without brackets
[[nodiscard]] std::string proxy(std::string_view text);
[[nodiscard]] std::string no_proxy(std::string_view text); ///< name, address, ADDRESS/BITS, or *
/// What may stand in a unit and in a path without a thought: letters, digits, "._-", not "." or "-" first.
[[nodiscard]] std::string namespace_name(std::string_view text);
[[nodiscard]] std::string interface_name(std::string_view text); ///< the same, at most 15 bytes
[[nodiscard]] std::string program(std::string_view text);        ///< an absolute path of such names, and "+@"
[[nodiscard]] std::string calendar(std::string_view text);       ///< systemd.time(7), what a timer accepts
[[nodiscard]] std::string routing(std::string_view text); ///< what AMQP takes as a name: at most 255 bytes
[[nodiscard]] std::string routing_key(std::string_view text); ///< routing() with {host} and the like in it
/// Text with {NAME} in it, for which something is put in: NAME is one of `known`, words with blanks between.
[[nodiscard]] std::string placeholders(std::string_view text, std::string_view known);
[[nodiscard]] std::string http_method(std::string_view text);
/// A field that requests may be given: not one of those that say where the message ends.
[[nodiscard]] std::string http_header(std::string_view name, std::string_view value);
[[nodiscard]] bool is_secret_header(std::string_view name); ///< Authorization, X-API-Key …
/// What OpenSearch takes as the name of an index, with placeholders in it.
[[nodiscard]] std::string index_name(std::string_view text);

/// The name of a program in a system log: at most 48 letters, digits, "._-/".
[[nodiscard]] std::string identifier(std::string_view text);
/// Of a file in a directory of its own, {event-type} and the like in its name only; it may stand in a unit.
[[nodiscard]] std::string results_path(std::string_view text);

/// scheme://[USER[:PASSWORD]@]HOST[:PORT][/PATH], scheme one of `schemes` ("http https").
[[nodiscard]] std::string url(std::string_view text, std::string_view schemes);
/// url() of http or https, in which {host} stands for the name of an instance's host.
[[nodiscard]] std::string document_url(std::string_view text);
/// Where the path of such a URL begins; its end if it has none.
[[nodiscard]] std::size_t path_of_url(std::string_view url);
[[nodiscard]] std::string_view user_of_url(std::string_view url); ///< without password, as it is written
[[nodiscard]] bool has_password(std::string_view url);
/// The URL with its password replaced, fit to be shown.
[[nodiscard]] std::string without_password(std::string_view url);

} // namespace meshprobe::check
