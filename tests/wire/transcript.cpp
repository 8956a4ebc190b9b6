#include "transcript.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <utility>

namespace mini_redis::test {
namespace {

constexpr std::string_view default_connection = "1";

std::vector<std::string> split_words(std::string_view line) {
    std::istringstream words{std::string{line}};
    std::vector<std::string> out;
    for (std::string word; words >> word;)
        out.push_back(std::move(word));
    return out;
}

// The words of a request, quoted as in redis-cli.
std::vector<std::string> split_arguments(std::string_view line) {
    std::vector<std::string> out;
    std::size_t i = 0;
    while (true) {
        while (i < line.size() && line[i] == ' ')
            ++i;
        if (i == line.size()) return out;
        if (line[i] == '"' || line[i] == '\'') {
            out.push_back(parse_quoted(line, i));
            if (i < line.size() && line[i] != ' ')
                throw transcript_error{"a closing quote is followed by a space"};
        } else {
            const std::size_t end = std::min(line.find(' ', i), line.size());
            out.emplace_back(line.substr(i, end - i));
            i = end;
        }
    }
}

std::string trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == text.npos) return {};
    return std::string{text.substr(begin, text.find_last_not_of(' ') + 1 - begin)};
}

// Turns the lines of a file into sections, one line after the other.
class transcript_reader {
public:
    explicit transcript_reader(transcript& out) : out_{out} {}

    void read() {
        for (line_ = 1; line_ <= out_.lines.size(); ++line_) {
            try {
                read_line(out_.lines[line_ - 1]);
            } catch (const transcript_error& error) {
                throw transcript_error{
                    fmt::format("{}:{}: {}", out_.path.string(), line_, error.what())};
            }
        }
        finish_step();
        if (pending_ || eventually_)
            throw transcript_error{out_.path.string() + ": the last directive applies to nothing"};
    }

private:
    void read_line(const std::string& line) {
        if (line.empty() || line[0] == '#') return;
        if (line.starts_with("== ")) return begin_section(line.substr(3));
        if (line[0] == '@') return read_directive(line.substr(1));
        std::string_view rest = line;
        std::string connection{default_connection};
        if (rest[0] == '[') {
            const std::size_t end = rest.find(']');
            if (end == rest.npos) throw transcript_error{"[ without ]"};
            connection = rest.substr(1, end - 1);
            rest.remove_prefix(end + 1);
        }
        if (rest.starts_with(">> "))
            begin_raw(std::move(connection), rest.substr(3));
        else if (rest.starts_with("> "))
            begin_request(step::action::request, std::move(connection), rest.substr(2));
        else if (rest.starts_with("< "))
            add_reply_line(connection, std::string{rest.substr(2)});
        else
            throw transcript_error{"not a line of a transcript"};
    }

    void begin_section(std::string title) {
        finish_step();
        section next;
        next.line = line_;
        next.title = std::move(title);
        next.protocols = file_protocols_;
        out_.sections.push_back(std::move(next));
    }

    section& current_section() {
        if (out_.sections.empty()) throw transcript_error{"a section (== title) comes first"};
        return out_.sections.back();
    }

    // Before the first step of a section a directive is about the section, later about the next
    // step.
    bool about_section() { return current_section().steps.empty() && !step_; }

    void read_directive(std::string_view text) {
        finish_step();
        const std::vector<std::string> words = split_words(text);
        if (words.empty()) throw transcript_error{"an empty directive"};
        if (words[0] == "protocol") return set_protocols(words);
        if (words[0] == "only" || words[0] == "version" || words[0] == "modes")
            return add_condition(text);
        if (words[0] == "eventually") {
            eventually_ = true;
            return;
        }
        if (words[0] == "scan") {
            std::string_view request = text.substr(4);
            return begin_request(step::action::scan, std::string{default_connection}, request);
        }
        step only;
        only.connection = default_connection;
        only.line = line_;
        only.source = "@" + std::string{text};
        if (words[0] == "sync") {
            only.kind = step::action::sync;
        } else if (words[0] == "sleep" && words.size() == 2) {
            only.kind = step::action::sleep;
            only.pause = std::chrono::milliseconds{std::stoi(words[1])};
        } else {
            throw transcript_error{"no such directive: @" + words[0]};
        }
        begin_step(std::move(only));
    }

    void set_protocols(const std::vector<std::string>& words) {
        std::vector<int> protocols;
        for (std::size_t i = 1; i < words.size(); ++i) {
            if (words[i] != "2" && words[i] != "3") throw transcript_error{"@protocol 2, 3 or 2 3"};
            protocols.push_back(words[i] == "2" ? 2 : 3);
        }
        if (protocols.empty()) throw transcript_error{"@protocol 2, 3 or 2 3"};
        if (out_.sections.empty())
            file_protocols_ = protocols;
        else if (about_section())
            current_section().protocols = protocols;
        else
            throw transcript_error{"@protocol stands at a section's beginning"};
    }

    void add_condition(std::string_view text) {
        const std::size_t colon = text.find(": ");
        if (colon == text.npos) throw transcript_error{"a reason is missing (@…: why)"};
        const std::vector<std::string> words = split_words(text.substr(0, colon));
        const bool section_wide = about_section();
        condition& where = section_wide ? current_section().where : next_where_;
        if (!section_wide) pending_ = true;
        if (words[0] == "only" && words.size() == 2 && words[1] == "redis") {
            where.redis_only = true;
        } else if (words[0] == "only" && words.size() == 2 && words[1] == "mini-redis") {
            where.redis_only = false;
        } else if (words[0] == "version" && words.size() == 3 &&
                   (words[1] == "<" || words[1] == ">=")) {
            where.version_operator = words[1];
            where.version = parse_version(words[2]);
        } else if (words[0] == "modes") {
            for (std::size_t i = 1; i < words.size(); ++i) {
                const auto mode = parse_mode(words[i]);
                if (!mode) throw transcript_error{"no such mode: " + words[i]};
                where.modes.push_back(*mode);
            }
        } else {
            throw transcript_error{"cannot read the condition"};
        }
    }

    void begin_request(step::action kind, std::string connection, std::string_view text) {
        step next;
        next.kind = kind;
        next.line = line_;
        next.connection = std::move(connection);
        next.arguments = split_arguments(text);
        next.source = out_.lines[line_ - 1];
        if (next.arguments.empty()) throw transcript_error{"an empty request"};
        begin_step(std::move(next));
    }

    void begin_raw(std::string connection, std::string_view text) {
        step next;
        next.kind = step::action::raw_bytes;
        next.line = line_;
        next.connection = std::move(connection);
        next.source = out_.lines[line_ - 1];
        for (const std::string& piece : split_arguments(text))
            next.bytes += piece;
        begin_step(std::move(next));
    }

    void begin_step(step next) {
        finish_step();
        current_section();
        next.where = std::exchange(next_where_, {});
        next.eventually = std::exchange(eventually_, false);
        pending_ = false;
        next.first_reply_line = line_ + 1;
        step_ = std::move(next);
    }

    void add_reply_line(const std::string& connection, std::string text) {
        if (!step_ || step_->connection != connection || pending_) {
            step pushes;
            pushes.kind = step::action::replies_only;
            pushes.line = line_;
            pushes.connection = connection;
            pushes.source = out_.lines[line_ - 1];
            begin_step(std::move(pushes));
            step_->first_reply_line = line_;
        }
        step_->reply_line_count = line_ + 1 - step_->first_reply_line;
        reply_lines_.emplace_back(line_, std::move(text));
    }

    void finish_step() {
        if (!step_) return;
        std::vector<std::string> texts;
        for (const auto& [line, text] : reply_lines_)
            texts.push_back(text);
        std::size_t next = 0;
        while (next < texts.size()) {
            const std::size_t begin = next;
            try {
                if (trim(texts[next]) == "close") {
                    if (next + 1 != texts.size()) throw transcript_error{"replies follow a close"};
                    step_->expects_close = true;
                    break;
                }
                expected_reply reply;
                reply.line = reply_lines_[next].first;
                reply.pattern = parse_pattern(texts, next);
                for (std::size_t i = begin; i < next; ++i)
                    reply.text += (i == begin ? "" : " ") + trim(texts[i]);
                step_->replies.push_back(std::move(reply));
            } catch (const transcript_error& error) {
                throw transcript_error{
                    fmt::format("(reply at line {}) {}", reply_lines_[begin].first, error.what())};
            }
        }
        reply_lines_.clear();
        current_section().steps.push_back(std::move(*step_));
        step_.reset();
    }

    transcript& out_;
    std::size_t line_ = 0;
    std::vector<int> file_protocols_{2};
    std::optional<step> step_;
    std::vector<std::pair<std::size_t, std::string>> reply_lines_;
    condition next_where_;
    bool pending_ = false; // next_where_ waits for its step
    bool eventually_ = false;
};

} // namespace

bool condition::holds(const server_identity& server, replay_mode mode) const {
    if (redis_only && *redis_only != server.is_redis) return false;
    if (!modes.empty() && std::ranges::find(modes, mode) == modes.end()) return false;
    if (version_operator == "<") return server.version < version;
    if (version_operator == ">=") return server.version >= version;
    return true;
}

transcript read_transcript(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) throw transcript_error{"cannot read " + path.string()};
    transcript out;
    out.path = path;
    for (std::string line; std::getline(file, line);)
        out.lines.push_back(std::move(line));
    transcript_reader{out}.read();
    return out;
}

std::string_view name_of(replay_mode mode) noexcept {
    switch (mode) {
    case replay_mode::whole: return "whole";
    case replay_mode::bytes: return "bytes";
    case replay_mode::pipelined: return "pipelined";
    }
    return "";
}

std::optional<replay_mode> parse_mode(std::string_view name) noexcept {
    for (const auto mode : {replay_mode::whole, replay_mode::bytes, replay_mode::pipelined})
        if (name == name_of(mode)) return mode;
    return std::nullopt;
}

std::vector<int> parse_version(std::string_view text) {
    std::vector<int> version;
    std::istringstream parts{std::string{text}};
    for (std::string part; std::getline(parts, part, '.');)
        version.push_back(std::stoi(part));
    return version;
}

} // namespace mini_redis::test
