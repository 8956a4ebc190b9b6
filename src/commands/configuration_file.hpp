// Configuration files: read into settings, and written anew with what has changed.
//
// A line is a setting, a comment (#), or empty; `include` reads other files in its place.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "commands/settings.hpp"

namespace mini_redis {

/// A line that is wrong, with where it stands; the text has several lines, as Redis's has.
struct bad_configuration : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Sets what the lines say. `source` is what the text is called: a file's path. Each line that sets
/// something is added to `lines`, if that is not null. Throws bad_configuration.
void read_configuration_text(std::string_view text, const std::string& source, settings& to,
                             std::vector<std::vector<std::string>>* lines = nullptr);

/// The same with a file's text. Throws bad_configuration also where the file cannot be read.
void read_configuration_file(const std::string& path, settings& to,
                             std::vector<std::vector<std::string>>* lines = nullptr);

/// A configuration file's text with the settings as they are now: comments and order stay, what is
/// new stands at the end.
std::string rewritten_configuration(std::string_view text, const settings& now);

/// Puts that in the place of the file that the settings name. Returns what the system said, if it
/// went wrong; the file is then as it was.
std::string rewrite_configuration_file(const settings& now);

} // namespace mini_redis
