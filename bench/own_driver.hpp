// The clients of this library, for client_compare: as they are used, with their default time-outs.
#pragma once

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstddef>
#include <exception>
#include <mini_redis/blocking_client.hpp>
#include <mini_redis/client.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "client_load.hpp"

inline void check(const std::optional<std::string>& value, const client_load& load) {
    if (!value || value->size() != load.value_size)
        throw std::runtime_error("ours: not the reply that was expected");
}

inline std::string address_of(const server_endpoint& server) {
    return server.host + ":" + std::to_string(server.port);
}

/// `pipeline` with so many GETs more.
template <std::size_t Count>
auto add_gets(auto pipeline, const std::string& key) {
    if constexpr (Count == 0)
        return pipeline;
    else
        return add_gets<Count - 1>(pipeline.get(key), key);
}

void check_each(const auto& values, const client_load& load) {
    std::apply([&](const auto&... each) { (check(each, load), ...); }, values);
}

inline constexpr std::size_t pipeline_length = 10;

/// A client for coroutines or callbacks of one loop.
template <class Executor>
class own_driver {
public:
    explicit own_driver(const server_endpoint& server) {
        long connecting = 1;
        asio::co_spawn(executor(), connect(address_of(server)), end_of(connecting));
        run(connecting);
    }

    /// `at_once` coroutines, each with one call under way.
    void get_from_coroutines(const client_load& load) {
        long running = load.at_once;
        for (long i = 0; i < load.at_once; ++i)
            asio::co_spawn(executor(), get_often(load), end_of(running));
        run(running);
    }

    /// Keeps `at_once` calls under way: each callback makes the next call.
    void get_by_callbacks(const client_load& load) {
        callback_state state{*this, load, load.calls - load.at_once, load.calls};
        for (long i = 0; i < load.at_once; ++i)
            client_.get(load.key, on_reply{&state});
        run(state.not_ended);
    }

    /// `at_once` calls; when all have ended, as many again.
    void get_in_batches(const client_load& load) {
        for (long done = 0; done < load.calls; done += load.at_once) {
            callback_state state{*this, load, 0, load.at_once};
            for (long i = 0; i < load.at_once; ++i)
                client_.get(load.key, on_reply{&state});
            run(state.not_ended);
        }
    }

    /// client::pipeline with 10 calls, one pipeline after the other.
    void get_in_pipelines(const client_load& load) {
        long running = 1;
        asio::co_spawn(executor(), execute_often(load), end_of(running));
        run(running);
    }

private:
    struct callback_state {
        own_driver& driver;
        const client_load& load;
        long not_begun;
        long not_ended;
    };

    struct on_reply {
        callback_state* state;

        void operator()(const std::exception_ptr& thrown, const std::optional<std::string>& value) {
            if (thrown) std::rethrow_exception(thrown);
            check(value, state->load);
            --state->not_ended;
            if (state->not_begun == 0) return;
            --state->not_begun;
            state->driver.client_.get(state->load.key, on_reply{state});
        }
    };

    Executor executor() { return context_.get_executor(); }

    asio::awaitable<void, Executor> connect(std::string address) {
        client_ = co_await mini_redis::basic_client<Executor>::connect(address);
    }

    asio::awaitable<void, Executor> get_often(const client_load& load) {
        for (long i = 0; i < load.calls / load.at_once; ++i) {
            const std::optional<std::string> value = co_await client_.get(load.key);
            check(value, load);
        }
    }

    asio::awaitable<void, Executor> execute_often(const client_load& load) {
        constexpr auto length = static_cast<long>(pipeline_length);
        for (long done = 0; done < load.calls; done += length) {
            auto pipeline = add_gets<pipeline_length>(client_.pipeline(), load.key);
            const auto values = co_await pipeline.execute();
            check_each(values, load);
        }
    }

    static auto end_of(long& running) {
        return [&running](const std::exception_ptr& thrown) {
            if (thrown) std::rethrow_exception(thrown);
            --running;
        };
    }

    void run(const long& running) {
        while (running > 0)
            context_.run_one();
    }

    asio::io_context context_{1};
    mini_redis::basic_client<Executor> client_;
};

/// blocking_client.
class own_blocking_driver {
public:
    explicit own_blocking_driver(const server_endpoint& server)
        : client_{mini_redis::blocking_client::connect(address_of(server))} {}

    mini_redis::blocking_client& client() noexcept { return client_; }

    void get_one_by_one(const client_load& load) {
        for (long i = 0; i < load.calls; ++i)
            check(client_.get(load.key), load);
    }

    /// blocking_client::pipeline with 10 calls, one pipeline after the other.
    void get_in_pipelines(const client_load& load) {
        constexpr auto length = static_cast<long>(pipeline_length);
        for (long done = 0; done < load.calls; done += length)
            check_each(add_gets<pipeline_length>(client_.pipeline(), load.key).execute(), load);
    }

private:
    mini_redis::blocking_client client_;
};
