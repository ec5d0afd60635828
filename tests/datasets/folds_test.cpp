// SPDX-License-Identifier: Apache-2.0
#include "datasets/folds.h"

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/random.h"
#include "tests/support/datasets_fault.h"
#include "tests/support/test_files.h"

namespace scarp::datasets {
namespace {

using test::expect_datasets_fault;

/// Rows of blocks far apart, one group a row, of the given numbers of blocks side by side.
LabelledBlocks rows_of(const std::vector<int>& sizes) {
  LabelledBlocks blocks;
  for (const int size : sizes) {
    for (int i = 0; i < size; ++i) {
      blocks.blocks.push_back({blocks.groups * 1000, i * 10, 10, 10});
      blocks.group.push_back(blocks.groups);
    }
    ++blocks.groups;
  }
  return blocks;
}

std::vector<std::ptrdiff_t> sizes_of(const std::vector<int>& fold, int count) {
  std::vector<std::ptrdiff_t> sizes;
  for (int k = 1; k <= count; ++k) sizes.push_back(std::count(fold.begin(), fold.end(), k));
  return sizes;
}

TEST(Folds, AGroupAsLargeAsAMeanFoldIsAFoldOfItsOwnAndTheRestIsDealtToTheOthers) {
  const LabelledBlocks blocks = rows_of({9, 3, 8, 2, 4, 4});
  const std::vector<int> fold = deal_folds(blocks, 3);
  EXPECT_EQ(sizes_of(fold, 3), (std::vector<std::ptrdiff_t>{9, 8, 13}));
  const std::vector<int> again = deal_folds(rows_of({1, 1, 1, 1, 1, 1}), 3);
  EXPECT_EQ(sizes_of(again, 3), (std::vector<std::ptrdiff_t>{2, 2, 2}));
}

TEST(Folds, AGroupStaysWholeUnlessItIsMuchLargerThanAFold) {
  Random random(7);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<int> sizes;
    for (int i = 0; i < 12; ++i) sizes.push_back(1 + static_cast<int>(random.below(9)));
    const LabelledBlocks blocks = rows_of(sizes);
    const std::vector<int> fold = deal_folds(blocks, 4);
    const double mean = static_cast<double>(blocks.blocks.size()) / 4;
    for (int group = 0; group < blocks.groups; ++group) {
      std::vector<int> used;
      for (std::size_t i = 0; i < fold.size(); ++i)
        if (blocks.group[i] == group) used.push_back(fold[i]);
      if (static_cast<double>(used.size()) > 1.5 * mean) continue;
      EXPECT_TRUE(std::all_of(used.begin(), used.end(), [&](int k) { return k == used.front(); })) << trial;
    }
  }
}

//  columns 0 10 20 30 40 50
//  row  0   # # #   # #        the two halves of one group hang together by the corner
//  row 10   # # # # # #        of the fourth column alone: that is where it is cut
TEST(Folds, AGroupThatIsTooLargeIsCutWhereFewestBlocksTouch) {
  LabelledBlocks blocks;
  for (const auto& [row, col] : std::vector<std::pair<int, int>>{{0, 0},
                                                                 {0, 10},
                                                                 {0, 20},
                                                                 {0, 40},
                                                                 {0, 50},
                                                                 {10, 0},
                                                                 {10, 10},
                                                                 {10, 20},
                                                                 {10, 30},
                                                                 {10, 40},
                                                                 {10, 50}}) {
    blocks.blocks.push_back({row, col, 10, 10});
    blocks.group.push_back(0);
  }
  blocks.groups = 1;
  // before column 30: 6 blocks, touching pairs (0,20)-(10,30), (10,20)-(10,30): 2, as few as anywhere else
  EXPECT_EQ(deal_folds(blocks, 2), (std::vector<int>{1, 1, 1, 2, 2, 1, 1, 1, 2, 2, 2}));
}

TEST(Folds, EveryBlockValidatesOnceAndTrainingKeepsItsDistance) {
  const LabelledBlocks blocks = rows_of({30});
  const std::vector<int> fold = deal_folds(blocks, 2);
  std::vector<int> validated;
  for (int k = 1; k <= 2; ++k) {
    const GroundSplit split = split_of_fold(blocks, fold, k, 25);
    validated.insert(validated.end(), split.validation.begin(), split.validation.end());
    for (const int t : split.training) {
      for (const int v : split.validation) {
        const auto gap = std::abs(blocks.blocks[static_cast<std::size_t>(t)].col -
                                  blocks.blocks[static_cast<std::size_t>(v)].col) -
                         10;
        EXPECT_GE(gap, 25);
      }
    }
  }
  std::sort(validated.begin(), validated.end());
  EXPECT_EQ(validated.size(), 30U);
  EXPECT_TRUE(std::adjacent_find(validated.begin(), validated.end()) == validated.end());
}

TEST(Folds, AFileHoldsWhatWasWritten) {
  const test::TempFolder folder;
  const LabelledBlocks blocks = rows_of({4, 4, 4});
  const Folds folds{3, {{"north, upper", blocks.blocks, deal_folds(blocks, 3)}}};
  const std::string file = folder.file("folds.csv");
  std::ofstream(file) << "# a comment\n" << to_csv(folds);
  EXPECT_EQ(folds_of(read_folds(file), "north, upper", blocks, file), folds.scenes[0].fold);
}

TEST(Folds, OfOtherDataAreRefusedWithTheNumberOfBlocksThatDiffer) {
  const LabelledBlocks blocks = rows_of({4, 4});
  const Folds folds{2, {{"valley", blocks.blocks, deal_folds(blocks, 2)}}};
  LabelledBlocks other = blocks;
  other.blocks[3].col += 1;
  expect_datasets_fault(
      Fault::other_data,
      "folds.csv was made for other data: it has 8 blocks of the scene \"valley\", which has "
      "8, and 1 of these are not in the file",
      [&] { folds_of(folds, "valley", other, "folds.csv"); });
  expect_datasets_fault(Fault::other_data, "folds.csv has no folds for the scene \"hill\"",
                        [&] { folds_of(folds, "hill", blocks, "folds.csv"); });
}

TEST(Folds, ABrokenFileIsRefusedWithTheLine) {
  const test::TempFolder folder;
  const std::string file = folder.file("folds.csv");
  const auto refusal = [&](const std::string& text, const std::string& sentence) {
    test::write_text(file, text);
    expect_datasets_fault(Fault::bad_argument, sentence, [&] { read_folds(file); });
  };
  refusal("scene,row,column,rows,columns,fold\na,1,2,3,4\n", "line 2");
  refusal("a,1,2,3,4,x\n", "line 1: \"x\" is not a number");
  refusal("a,1,2,3,4,0\n", "fold 0 is none from 1 to 1000");
  refusal("a,1,2,3,4,1\na,5,2,3,4,3\n", "holds 2 folds up to number 3");
  refusal("", "holds 0 folds");
  expect_datasets_fault(Fault::bad_argument, "cannot be read",
                        [&] { read_folds(folder.file("absent.csv")); });
}

TEST(Folds, TooManyForTheGroundAreRefused) {
  expect_datasets_fault(Fault::bad_argument, "5 folds of 4 labelled", [] { deal_folds(rows_of({3, 1}), 5); });
  expect_datasets_fault(Fault::bad_argument, "give 2 or more", [] { deal_folds(rows_of({4}), 1); });
}

}  // namespace
}  // namespace scarp::datasets
