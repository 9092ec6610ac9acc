#include "lib/checkpoint/checkpoint.hpp"
