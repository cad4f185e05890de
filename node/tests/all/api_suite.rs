//! One suite for both implementations of the API: in process, and over loopback. Each test runs two
//! real nodes with encrypted stores that meet over the LAN carrier on loopback.

mod carrying;
mod files;
mod keeping;
mod messages;
mod networks;
mod node;
mod people;
mod pictures;
mod voice;

macro_rules! under_both_implementations {
    ($($noun:ident::$test:ident),* $(,)?) => {
        mod in_process {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$noun::$test(super::node::Through::Local).await;
            }
        )*}
        mod over_loopback {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$noun::$test(super::node::Through::Remote).await;
            }
        )*}
    };
}

under_both_implementations!(
    people::one_says_who_one_is_and_changes_the_name,
    people::a_contact_knows_ones_device_by_the_id_that_one_is_shown,
    people::an_invitation_is_listed_and_cancelled,
    people::links_that_cannot_be_joined_are_refused,
    people::two_meet_and_see_the_same_safety_words,
    messages::what_is_written_is_read_at_the_other_end_and_ticked,
    messages::texts_outside_the_limits_are_refused,
    messages::a_conversation_is_read_from_any_place,
    messages::what_was_read_stays_read,
    people::contacts_are_renamed_blocked_and_removed,
    messages::a_draft_stays_in_its_conversation_until_it_is_emptied_or_the_contact_removed,
    people::unknown_names_are_refused_each_with_its_code,
    pictures::a_picture_goes_out_without_what_it_carries_and_with_a_preview,
    pictures::a_picture_sent_as_it_is_keeps_every_byte,
    pictures::files_are_listed_and_the_room_that_they_take,
    pictures::a_forwarded_picture_is_sealed_anew_and_keeps_its_preview,
    pictures::what_may_name_its_author_goes_only_as_its_user_says,
    pictures::a_picture_that_cannot_be_cleaned_is_refused_with_the_reason,
    voice::a_voice_note_goes_out_with_its_waveform_and_is_forwarded_with_it,
    voice::what_is_no_voice_note_is_refused_with_the_reason,
    voice::what_is_recorded_is_kept_part_by_part_until_it_is_dropped,
    keeping::a_locked_node_answers_status_and_unlock_alone,
    keeping::the_passphrase_is_checked_while_the_node_stays_on_the_air,
    keeping::objecting_takes_the_passphrase,
    keeping::the_passphrase_changes_and_the_old_one_is_wrong,
    carrying::a_parcel_carries_what_the_network_does_not,
    carrying::a_stick_serves_all_who_find_their_files_on_it,
    carrying::files_go_by_hand_and_the_way_back_confirms_them,
    carrying::parts_come_in_any_order_and_those_that_are_missing_are_named,
    carrying::a_parcel_that_is_cut_or_altered_brings_what_is_whole_and_the_rest_later,
    carrying::a_contact_who_puts_another_file_in_its_place_damages_that_file_alone,
    carrying::what_its_user_declined_does_not_come_by_hand,
    carrying::an_export_that_is_over_is_refused,
    files::what_is_attached_comes_out_the_same_at_the_other_end,
    files::a_file_that_changes_while_it_is_read_is_refused,
    files::a_file_that_is_not_as_long_as_was_said_is_refused,
    networks::a_carrier_is_known_from_the_first_call_on_and_an_invitation_waits_for_its_addresses,
    networks::a_carrier_is_switched_off_and_on,
    networks::each_carrier_says_how_it_stands_with_a_contact,
    networks::announcing_is_switched_off_and_on_and_stays_so_over_a_restart,
    networks::how_the_radio_is_used_is_kept_over_a_restart,
    networks::relays_are_added_and_removed_and_stay_over_a_restart,
    networks::how_relays_are_reached_stays_over_a_restart,
    keeping::the_store_is_rewritten_at_once_on_request_and_what_is_in_it_stays,
    keeping::a_stopped_node_refuses_and_releases_its_directory,
    keeping::a_handover_says_who_took_over,
    keeping::a_wiped_directory_holds_nothing_and_can_be_used_again,
);
