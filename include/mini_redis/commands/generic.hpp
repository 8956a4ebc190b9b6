// Any command, by its words.
#pragma once

#include <mini_redis/commands/family.hpp>
#include <mini_redis/detail/request_traits.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace mini_redis {

/// `Self` derives from it and has start<Reply>(words, settings, reader, token...).
template <class Self>
class generic_commands {
public:
    /// Any command that has one reply, as a Reply.
    ///
    ///     auto idle = co_await c.command<int>("OBJECT", "IDLETIME", "key");
    ///
    /// Arguments are texts, numbers, and ranges and maps of them; a completion token may follow.
    ///
    /// What has not exactly one reply (SUBSCRIBE and its kin, MONITOR, CLIENT REPLY, no words at
    /// all), or changes the protocol (HELLO with a version, RESET), fails with errc::not_allowed:
    /// others' replies would be taken for its own. A blocking command (BLPOP …) takes a connection
    /// of its own. What sets up the connection (AUTH, SELECT, CLIENT SETNAME …) does so for the
    /// client's later ones as well, but not for subscribers that are there already. MULTI and WATCH
    /// would concern all callers, and fail with errc::not_allowed as well: see transaction().
    template <class Reply, class... Args>
    auto command(const Args&... args) {
        generic_issuer<typed_reader<Reply>> checked{self(), {}};
        return issue_all<Reply>(checked, command_line{}, args...);
    }

    /// The same with each reply as it came: an error reply is returned like any other.
    ///
    ///     frame reply = co_await c.send("LRANGE", "list", 0, -1);
    template <class... Args>
    auto send(const Args&... args) {
        generic_issuer<frame_reader> checked{self(), {}};
        return issue_all<frame>(checked, command_line{}, args...);
    }

    /// A command that is in words already, the command's name first.
    auto send(command_line command, auto... token) {
        generic_issuer<frame_reader> checked{self(), {}};
        return checked.template issue<frame>(std::move(command), std::move(token)...);
    }

    auto send(std::span<const std::string_view> words, auto... token) {
        generic_issuer<frame_reader> checked{self(), {}};
        return checked.template issue<frame>(words, std::move(token)...);
    }

    /// Any command whose reply is read where it was received, without a copy: the call gives what
    /// `read` makes of it.
    ///
    ///     const auto size_of = [](const reply_view& reply) { return reply.text().size(); };
    ///     std::size_t size = co_await c.read_in_place(size_of, "GET", "key");
    template <class Read, class... Args>
    auto read_in_place(Read read, const Args&... args) {
        using reply = std::invoke_result_t<Read&, const reply_view&>;
        generic_issuer<in_place_reader<Read>> checked{self(), {std::move(read)}};
        return issue_all<reply>(checked, command_line{}, args...);
    }

    /// For the typed commands, which have one reply each.
    template <class Reply, class Words>
    auto issue(Words words, auto... token) {
        return self().template start<Reply>(std::move(words), call_settings{},
                                            typed_reader<Reply>{}, std::move(token)...);
    }

    /// For the typed commands: the same, where the words refer to what does not live until the call
    /// has ended.
    template <class Reply, class Words>
    auto issue_copied(const Words& words, call_settings settings, auto... token) {
        request_batch request;
        with_views(words, [&](std::span<const std::string_view> views) { request.add(views); });
        return self().template start<Reply>(std::move(request), settings, typed_reader<Reply>{},
                                            std::move(token)...);
    }

    /// For the typed commands: sends the first, and if the server answers NOSCRIPT, the second.
    template <class Reply, class Words>
    auto issue_or(const Words& first, const Words& second, auto... token) {
        request_batch requests;
        with_views(second, [&](std::span<const std::string_view> views) { requests.add(views); });
        requests.make_fallback();
        with_views(first, [&](std::span<const std::string_view> views) { requests.add(views); });
        return self().template start<Reply>(std::move(requests), call_settings{},
                                            typed_reader<Reply>{}, std::move(token)...);
    }

private:
    // For those that nobody has vouched for.
    template <class Reader>
    struct generic_issuer {
        Self& self;
        Reader reader;

        template <class Reply, class Words>
        auto issue(Words words, auto... token) {
            call_settings settings;
            with_views(words, [&](std::span<const std::string_view> views) {
                const request_traits traits = traits_of(views);
                constexpr bool is_alone = requires { Self::has_own_connection; };
                if (!traits.is_allowed || (traits.concerns_others && !is_alone))
                    settings.refused = errc::not_allowed;
                settings.blocks = traits.blocks;
                settings.wait = traits.wait;
            });
            return self.template start<Reply>(std::move(words), settings, std::move(reader),
                                              std::move(token)...);
        }
    };

    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
