# A toolchain file: the newest Clang that is installed. MINI_REDIS_CLANG in the environment names another.
if(NOT CMAKE_CXX_COMPILER)
    if(DEFINED ENV{MINI_REDIS_CLANG})
        set(CMAKE_CXX_COMPILER "$ENV{MINI_REDIS_CLANG}")
    else()
        find_program(CMAKE_CXX_COMPILER REQUIRED
            NAMES clang++-22 clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++)
    endif()
endif()
