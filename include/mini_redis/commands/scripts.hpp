// Typed commands: scripts and functions.
#pragma once

#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/key_names.hpp>
#include <mini_redis/script.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// The keys of a script are all that it uses.
template <class Self>
class script_commands {
public:
    /// Runs a script: EVALSHA, and EVAL if the server does not know it (yet, or any more). In a
    /// pipeline or transaction: EVAL, as there is no second try.
    ///
    ///     auto deleted = co_await c.eval<bool>(compare_and_delete, {"lock"}, token);
    ///
    /// Arguments are texts, numbers, and ranges and maps of them; a completion token may follow.
    template <class Reply, class... Args>
    auto eval(const script& run, const key_names& keys, const Args&... args) {
        return evaluate<Reply>(run, "EVALSHA", "EVAL", keys, args...);
    }

    /// The same for one that writes nothing: EVALSHA_RO, EVAL_RO (Redis 7).
    template <class Reply, class... Args>
    auto eval_ro(const script& run, const key_names& keys, const Args&... args) {
        return evaluate<Reply>(run, "EVALSHA_RO", "EVAL_RO", keys, args...);
    }

    /// FCALL: runs a function that was loaded before.
    template <class Reply, class... Args>
    auto fcall(std::string_view function, const key_names& keys, const Args&... args) {
        command_line line{"FCALL", function, keys.size()};
        add_arguments(line, keys);
        copied to{self()};
        return issue_all<Reply>(to, std::move(line), args...);
    }

    /// FCALL_RO: the same for one that writes nothing.
    template <class Reply, class... Args>
    auto fcall_ro(std::string_view function, const key_names& keys, const Args&... args) {
        command_line line{"FCALL_RO", function, keys.size()};
        add_arguments(line, keys);
        copied to{self()};
        return issue_all<Reply>(to, std::move(line), args...);
    }

    /// SCRIPT LOAD: the script's digest.
    auto script_load(const script& loaded, auto... token) {
        return issue<std::string>(self(), short_command{"SCRIPT", "LOAD", loaded.text()},
                                  std::move(token)...);
    }

    /// SCRIPT EXISTS: for each digest, whether the server knows it.
    auto script_exists(const std::vector<std::string>& digests, auto... token) {
        command_line line{"SCRIPT", "EXISTS"};
        add_arguments(line, digests);
        return issue<std::vector<bool>>(self(), std::move(line), std::move(token)...);
    }

    /// SCRIPT FLUSH: the server forgets all scripts.
    auto script_flush(auto... token) {
        return issue<void>(self(), short_command{"SCRIPT", "FLUSH"}, std::move(token)...);
    }

    /// SCRIPT KILL: ends a script that has written nothing yet.
    auto script_kill(auto... token) {
        return issue<void>(self(), short_command{"SCRIPT", "KILL"}, std::move(token)...);
    }

    /// FUNCTION LOAD: the library's name. With `replace`, in place of one of that name.
    auto function_load(std::string_view code, bool replace = false, auto... token) {
        command_line line{"FUNCTION", "LOAD"};
        if (replace) line.add("REPLACE");
        line.add(code);
        return issue<std::string>(self(), std::move(line), std::move(token)...);
    }

    /// FUNCTION DELETE: a library.
    auto function_delete(std::string_view library, auto... token) {
        return issue<void>(self(), short_command{"FUNCTION", "DELETE", library},
                           std::move(token)...);
    }

    /// FUNCTION FLUSH: all libraries.
    auto function_flush(auto... token) {
        return issue<void>(self(), short_command{"FUNCTION", "FLUSH"}, std::move(token)...);
    }

private:
    // For issue_all(): the keys do not live until the call has ended.
    struct copied {
        Self& self;

        template <class Reply>
        auto issue(const command_line& words, auto... token) {
            return self.template issue_copied<Reply>(words, call_settings{}, std::move(token)...);
        }
    };

    // For issue_all(): adds the arguments, and the token, to both ways to ask for it.
    struct either_way {
        Self& self;
        command_line by_digest;

        template <class Reply>
        auto issue(const command_line& by_text, auto... token) {
            for (std::size_t i = 2; i < by_text.size(); ++i) // but for the script itself
                by_digest.add(by_text[i]);
            return self.template issue_or<Reply>(by_digest, by_text, std::move(token)...);
        }
    };

    template <class Reply, class... Args>
    auto evaluate(const script& run, std::string_view by_digest, std::string_view by_text,
                  const key_names& keys, const Args&... args) {
        either_way ways{self(), command_line{by_digest, run.sha1()}};
        command_line text{by_text, run.text(), keys.size()};
        add_arguments(text, keys);
        return issue_all<Reply>(ways, std::move(text), args...);
    }

    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
