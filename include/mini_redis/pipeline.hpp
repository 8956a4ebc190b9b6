// Several commands in one go: pipelines and transactions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mini_redis/commands.hpp>
#include <mini_redis/detail/request_batch.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <mini_redis/from_reply.hpp>
#include <mini_redis/result.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace mini_redis {

/// What stands for a reply of nothing but OK in a tuple.
template <class Reply>
using tuple_value = std::conditional_t<std::is_void_v<Reply>, std::monostate, Reply>;

/// The replies of a pipeline as they come in, each an own success or failure.
template <class... Replies>
class reply_collector {
public:
    using all = std::tuple<result<Replies>...>;

    static constexpr std::size_t expected() noexcept { return sizeof...(Replies); }

    void add(const reply_view& reply) {
        add(reply, std::index_sequence_for<Replies...>{});
        ++next_;
    }

    /// When each of them has been added.
    all take() {
        return std::apply([](auto&... each) { return all{*std::move(each)...}; }, held_);
    }

    /// The values; throws the first failure there is.
    static std::tuple<tuple_value<Replies>...> values_of(all results) {
        return std::apply(
            [](auto&... each) { return std::tuple<tuple_value<Replies>...>{value_of(each)...}; },
            results);
    }

private:
    template <std::size_t... Index>
    void add(const reply_view& reply, std::index_sequence<Index...>) {
        ((Index == next_ ? set(std::get<Index>(held_), reply) : void()), ...);
    }

    template <class Reply>
    static void set(std::optional<result<Reply>>& at, const reply_view& reply) {
        try {
            at.emplace(read_reply<result<Reply>>(reply));
        } catch (...) {
            at.emplace(failure::from(std::current_exception()));
        }
    }

    template <class Reply>
    static tuple_value<Reply> value_of(result<Reply>& of) {
        if constexpr (std::is_void_v<Reply>)
            return of.value(), std::monostate{};
        else
            return std::move(of).value();
    }

    std::tuple<std::optional<result<Replies>>...> held_;
    std::size_t next_ = 0;
};

/// The same where each of them is a Reply, as many as are expected.
template <class Reply>
class reply_list_collector {
public:
    using all = std::vector<result<Reply>>;

    explicit reply_list_collector(std::size_t expected) : expected_{expected} {
        held_.reserve(expected);
    }

    std::size_t expected() const noexcept { return expected_; }

    void add(const reply_view& reply) {
        if (held_.size() == expected_) return;
        try {
            held_.push_back(read_reply<result<Reply>>(reply));
        } catch (...) {
            held_.push_back(failure::from(std::current_exception()));
        }
    }

    all take() { return std::move(held_); }

    static std::vector<tuple_value<Reply>> values_of(all results) {
        std::vector<tuple_value<Reply>> values;
        values.reserve(results.size());
        for (auto& each : results) {
            if constexpr (std::is_void_v<Reply>)
                each.value(), values.emplace_back();
            else
                values.push_back(std::move(each).value());
        }
        return values;
    }

private:
    std::size_t expected_;
    all held_;
};

/// Reads the replies of a pipeline. With Each, the failure of one is its own.
template <bool Each, class Collector>
class pipeline_reader {
public:
    static constexpr bool takes_errors = true;

    explicit pipeline_reader(Collector collector) : replies_{std::move(collector)} {}

    void collect(const reply_view& reply) { replies_.add(reply); }

    auto operator()(const reply_view& last) {
        replies_.add(last);
        if constexpr (Each)
            return replies_.take();
        else
            return Collector::values_of(replies_.take());
    }

private:
    Collector replies_;
};

/// Reads the replies of MULTI, of each command (QUEUED) and of EXEC, which has those that matter;
/// nothing, if a watched key has changed.
template <bool Each, class Collector>
class transaction_reader {
public:
    static constexpr bool takes_errors = true;

    explicit transaction_reader(Collector collector) : replies_{std::move(collector)} {}

    // An error tells why EXEC is going to refuse.
    void collect(const reply_view& reply) {
        if (reply.is_error() && !refused_) refused_ = std::string{reply.text()};
    }

    auto operator()(const reply_view& exec) {
        using found = std::optional<decltype(read(std::declval<Collector&>()))>;
        if (exec.is_error()) throw redis_error(refused_ ? *refused_ : std::string{exec.text()});
        if (exec.is_null()) return found{};
        if (!exec.is_aggregate() || exec.size() != replies_.expected())
            unexpected_reply("the replies of a transaction", exec);
        for (const reply_view reply : exec)
            replies_.add(reply);
        return found{read(replies_)};
    }

private:
    static auto read(Collector& replies) {
        if constexpr (Each)
            return replies.take();
        else
            return Collector::values_of(replies.take());
    }

    Collector replies_;
    std::optional<std::string> refused_;
};

/// The same where no key is watched.
template <bool Each, class Collector>
class unwatched_reader {
public:
    static constexpr bool takes_errors = true;

    explicit unwatched_reader(Collector collector) : reader_{std::move(collector)} {}

    void collect(const reply_view& reply) { reader_.collect(reply); }

    auto operator()(const reply_view& exec) {
        auto replies = reader_(exec);
        if (!replies) unexpected_reply("the replies of a transaction", exec);
        return *std::move(replies);
    }

private:
    transaction_reader<Each, Collector> reader_;
};

template <bool Each, bool IsAtomic, class Collector>
using batch_reader = std::conditional_t<IsAtomic, unwatched_reader<Each, Collector>,
                                        pipeline_reader<Each, Collector>>;

/// Sends what was noted.
template <class Value, bool IsAtomic, class Client, class Reader, class... Token>
auto execute_batch(Client& on, request_batch requests, call_settings settings, Reader reader,
                   Token... token) {
    if (IsAtomic) {
        if (requests.size() == 0) requests.add("MULTI");
        requests.add("EXEC");
    } else if (requests.size() == 0) {
        requests.add("PING"); // there is no call without a reply
    }
    settings.replies = static_cast<std::uint32_t>(requests.size());
    if (!requests.are_allowed()) settings.refused = errc::not_allowed;
    settings.blocks = !IsAtomic && requests.block(); // in a transaction nothing waits
    settings.wait = requests.wait();
    return on.template start<Value>(std::move(requests), settings, std::move(reader),
                                    std::move(token)...);
}

template <class Client, bool IsAtomic, class Reply>
class basic_pipeline_of;

/// Commands that are sent together; client::pipeline and client::transaction make one.
///
///     auto [name, visits] = co_await c.pipeline().get("name").incr("visits").execute();
///
/// Each typed command adds itself, and command<Reply>(…). The requests are written out at once, so
/// that no argument is referred to afterwards. In a transaction (MULTI … EXEC) other clients see
/// either none of them done or all.
template <class Client, bool IsAtomic, class... Replies>
class basic_pipeline : public commands<basic_pipeline<Client, IsAtomic, Replies...>> {
public:
    /// What execute() gives.
    using replies = std::tuple<tuple_value<Replies>...>;

    explicit basic_pipeline(Client& on, request_batch requests = {}, call_settings settings = {})
        : client_{&on},
          requests_{std::move(requests)},
          settings_{settings} {}

    /// A time-out for all of it together, instead of the client's for a call; zero: none.
    basic_pipeline within(std::chrono::milliseconds time_out) {
        settings_.time_out = time_out;
        return std::move(*this);
    }

    /// They may be executed twice: all of them are sent again if their connection is lost.
    basic_pipeline idempotent() {
        settings_.idempotent = true;
        return std::move(*this);
    }

    /// Any command that has one reply, which is read as a Reply. What sets up the connection (AUTH,
    /// SELECT, CLIENT SETNAME …) is not for pipelines: they fail with errc::not_allowed.
    template <class Reply, class... Args>
    auto command(const Args&... args) {
        return issue_all<Reply>(*this, command_line{}, args...);
    }

    /// Sends them, and gives a tuple of all replies (std::monostate for a command that has none).
    ///
    /// *Errors*: the first of an error reply, or of a reply of another shape; the commands behind
    /// it are executed all the same.
    template <class... Token>
        requires(sizeof...(Replies) > 0)
    auto execute(Token... token) {
        return run<batch_reader<false, IsAtomic, collector>, replies>(std::move(token)...);
    }

    /// The same with a tuple of results: each command has its own success or failure.
    template <class... Token>
        requires(sizeof...(Replies) > 0)
    auto execute_each(Token... token) {
        return run<batch_reader<true, IsAtomic, collector>, std::tuple<result<Replies>...>>(
            std::move(token)...);
    }

    /// Of a transaction whose connection watches keys: the replies, or nothing was done, as one of
    /// the keys has changed.
    template <class... Token>
        requires(IsAtomic)
    auto execute_unless_changed(Token... token) {
        return run<transaction_reader<false, collector>, std::optional<replies>>(
            std::move(token)...);
    }

    /// Of one without commands: for as many as turn out to be needed; see basic_pipeline_of.
    template <class Reply>
        requires(sizeof...(Replies) == 0)
    auto of() {
        return basic_pipeline_of<Client, IsAtomic, Reply>{*client_, settings_};
    }

    /// For the commands: all words are copied here.
    template <class Reply, class Words>
    auto issue_copied(Words words, const call_settings& /*settings*/) {
        return issue<Reply>(std::move(words));
    }

    /// For the commands: one of two that do the same. Behind others there is no second try, so the
    /// one that never fails is taken.
    template <class Reply, class Words>
    auto issue_or(const Words& /*first*/, Words second) {
        return issue<Reply>(std::move(second));
    }

    /// For the commands: adds one.
    template <class Reply, class Words>
    auto issue(Words words) {
        with_views(words, [&](std::span<const std::string_view> views) {
            if (IsAtomic && requests_.size() == 0) requests_.add("MULTI");
            requests_.add(views);
        });
        return basic_pipeline<Client, IsAtomic, Replies..., Reply>{*client_, std::move(requests_),
                                                                   settings_};
    }

private:
    using collector = reply_collector<Replies...>;

    template <class Reader, class Value, class... Token>
    auto run(Token... token) {
        return execute_batch<Value, IsAtomic>(*client_, std::move(requests_), settings_,
                                              Reader{collector{}}, std::move(token)...);
    }

    Client* client_;
    request_batch requests_;
    call_settings settings_;
};

/// A pipeline or transaction of any number of commands, whose replies are all read as a Reply.
///
///     auto all = c.pipeline().of<std::optional<std::string>>();
///     for (const std::string& key : keys) all.get(key);
///     std::vector<std::optional<std::string>> values = co_await all.execute();
///
/// Each typed command notes itself, and command(…); what is noted is copied. With frame as Reply,
/// they may answer what they like.
template <class Client, bool IsAtomic, class Reply>
class basic_pipeline_of : public commands<basic_pipeline_of<Client, IsAtomic, Reply>> {
public:
    /// What execute() gives.
    using replies = std::vector<tuple_value<Reply>>;

    explicit basic_pipeline_of(Client& on, call_settings settings = {})
        : client_{&on},
          settings_{settings} {}

    /// How many commands were noted.
    std::size_t size() const noexcept { return size_; }

    /// As those of basic_pipeline; they do not begin a new one.
    void within(std::chrono::milliseconds time_out) noexcept { settings_.time_out = time_out; }

    void idempotent() noexcept { settings_.idempotent = true; }

    /// Any command that has one reply; as basic_pipeline::command.
    template <class... Args>
    void command(const Args&... args) {
        issue_all<Reply>(*this, command_line{}, args...);
    }

    /// Sends them, and gives all replies; once. Without any command, nothing.
    ///
    /// *Errors*: as of basic_pipeline.
    template <class... Token>
    auto execute(Token... token) {
        return run<batch_reader<false, IsAtomic, collector>, replies>(std::move(token)...);
    }

    /// The same with results: each command has its own success or failure.
    template <class... Token>
    auto execute_each(Token... token) {
        return run<batch_reader<true, IsAtomic, collector>, std::vector<result<Reply>>>(
            std::move(token)...);
    }

    /// As basic_pipeline::execute_unless_changed.
    template <class... Token>
        requires(IsAtomic)
    auto execute_unless_changed(Token... token) {
        return run<transaction_reader<false, collector>, std::optional<replies>>(
            std::move(token)...);
    }

    /// For the commands, as basic_pipeline's.
    template <class Own, class Words>
    void issue_copied(const Words& words, const call_settings& /*settings*/) {
        issue<Own>(words);
    }

    template <class Own, class Words>
    void issue_or(const Words& /*first*/, const Words& second) {
        issue<Own>(second);
    }

    template <class Own, class Words>
    void issue(const Words& words) {
        with_views(words, [&](std::span<const std::string_view> views) {
            if (IsAtomic && requests_.size() == 0) requests_.add("MULTI");
            requests_.add(views);
        });
        ++size_;
    }

private:
    using collector = reply_list_collector<Reply>;

    template <class Reader, class Value, class... Token>
    auto run(Token... token) {
        Reader reader{collector{std::exchange(size_, 0)}};
        return execute_batch<Value, IsAtomic>(*client_, std::exchange(requests_, {}), settings_,
                                              std::move(reader), std::move(token)...);
    }

    Client* client_;
    request_batch requests_;
    call_settings settings_;
    std::size_t size_ = 0;
};

} // namespace mini_redis
